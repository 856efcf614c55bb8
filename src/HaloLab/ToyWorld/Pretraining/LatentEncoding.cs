using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Encodes the generator's corpus once, in files of a thousand clips, so that its training never touches pixels.</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="clips">Size of the corpus, a multiple of 1,000.</param>
/// <param name="autoencoder">The stage that trains the autoencoder.</param>
internal sealed class LatentEncoding(long seed, int clips, Stage autoencoder)
{
    public const int ClipsPerFile = 1000;
    private const int ClipsAtOnce = 50;
    private const double SecondsPerClip = 0.02;

    private readonly ToyCorpus _corpus = new(seed, "generator corpus", ToyPretraining.DamagedShare, ToyPretraining.TwoObjectShare);
    private readonly ToyTokenizer _tokenizer = new();

    public Stage Stage() => new("toy-latents", 2, new JsonObject { ["seed"] = seed, ["clips"] = clips }, [autoencoder], clips * SecondsPerClip, Encode);

    /// <summary>The file of clips number 1000·<paramref name="index"/> and on: unscaled means <c>latents</c> [1000, C, T, H, W] in half precision, <c>tokens</c> [1000, L].</summary>
    public static string FileName(int index) => string.Create(CultureInfo.InvariantCulture, $"latents-{index:000}.safetensors");

    private void Encode(StageContext context)
    {
        using AutoencoderKL model = new(ToyModels.Autoencoder);
        ToyGenerator.Fill(model, context.Input(autoencoder.Name, AutoencoderTraining.WeightsFile));
        model.to(Compute.Device);
        int files = clips / ClipsPerFile;
        for (int file = 0; file < files; file++)
        {
            string path = context.PathOf(FileName(file));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                List<Tensor> latents = [];
                List<Tensor> tokens = [];
                for (int first = 0; first < ClipsPerFile; first += ClipsAtOnce)
                {
                    context.Report((file * ClipsPerFile) + first, clips);
                    using var batchScope = NewDisposeScope();
                    (ToyCaption Caption, VideoClip Clip)[] batch = [.. Enumerable.Range(0, ClipsAtOnce).Select(i => _corpus[((long)file * ClipsPerFile) + first + i])];
                    Tensor pixels_BCTHW = stack([.. batch.Select(item => item.Clip.ToTensor())]).to(Compute.Device);
                    latents.Add(model.EncodeClips(pixels_BCTHW).to(ScalarType.Float16).MoveToOuterDisposeScope());
                    tokens.Add(stack([.. batch.Select(item => tensor(_tokenizer.Encode(item.Caption.ToString())))]).MoveToOuterDisposeScope());
                }

                Safetensors.Save(path, new Dictionary<string, Tensor> { ["latents"] = cat([.. latents]), ["tokens"] = cat([.. tokens]) });
            }
        }
    }
}
