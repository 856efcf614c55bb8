using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Encodes the generator's corpus once, in files of up to a thousand clips, so that its training never touches pixels.</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="clips">Size of the corpus.</param>
/// <param name="autoencoder">The stage that trains the autoencoder.</param>
internal sealed class LatentEncoding(long seed, int clips, Stage autoencoder)
{
    private const int ClipsPerFile = 1000;
    private const int ClipsAtOnce = 50;
    private const double SecondsPerClip = 0.02;

    private readonly ToyCorpus _corpus = new(seed, "generator corpus", ToyPretraining.DamagedShare, ToyPretraining.TwoObjectShare);
    private readonly ToyTokenizer _tokenizer = new();

    public Stage Stage() => new("toy-latents", 2, new JsonObject { ["seed"] = seed, ["clips"] = clips }, [autoencoder], clips * SecondsPerClip, Encode);

    /// <summary>The files of a corpus in its order, each of up to 1,000 clips: unscaled means <c>latents</c> [clips, C, T, H, W] in half precision, <c>tokens</c> [clips, L].</summary>
    public static IEnumerable<string> FilesOf(int clips) =>
        Enumerable.Range(0, (clips + ClipsPerFile - 1) / ClipsPerFile).Select(index => string.Create(CultureInfo.InvariantCulture, $"latents-{index:000}.safetensors"));

    private void Encode(StageContext context)
    {
        using AutoencoderKL model = new(ToyModels.Autoencoder);
        ToyGenerator.Fill(model, context.Input(autoencoder.Name, AutoencoderTraining.WeightsFile));
        model.to(Compute.Device);
        foreach ((int file, string name) in FilesOf(clips).Index())
        {
            string path = context.PathOf(name);
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                List<Tensor> latents = [];
                List<Tensor> tokens = [];
                int end = Math.Min(clips, (file + 1) * ClipsPerFile);
                for (int first = file * ClipsPerFile; first < end; first += ClipsAtOnce)
                {
                    context.Report(first, clips);
                    using var batchScope = NewDisposeScope();
                    (ToyCaption Caption, VideoClip Clip)[] batch = [.. Enumerable.Range(first, Math.Min(ClipsAtOnce, end - first)).Select(i => _corpus[i])];
                    Tensor pixels_BCTHW = stack([.. batch.Select(item => item.Clip.ToTensor())]).to(Compute.Device);
                    latents.Add(model.EncodeClips(pixels_BCTHW).to(ScalarType.Float16).MoveToOuterDisposeScope());
                    tokens.Add(stack([.. batch.Select(item => tensor(_tokenizer.Encode(item.Caption.ToString())))]).MoveToOuterDisposeScope());
                }

                Safetensors.Save(path, new Dictionary<string, Tensor> { ["latents"] = cat([.. latents]), ["tokens"] = cat([.. tokens]) });
            }
        }
    }
}
