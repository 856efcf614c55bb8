using HaloLab.Models;
using HaloLab.Models.Layers;
using HaloLab.Models.UmT5;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>A model in diffusers' parts whose text encoder is T5 or umT5.</summary>
/// <param name="folder">The model's folder.</param>
public abstract class DiffusersPipeline(ModelFolder folder) : VideoPipeline
{
    private protected const string TextPart = "text_encoder";
    private protected const string AutoencoderPart = "vae";
    private protected const string SchedulerPart = "scheduler";

    /// <inheritdoc/>
    public override string DenoiserPart => "transformer";

    /// <summary>The folder it was opened from.</summary>
    public ModelFolder Folder => folder;

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Encode(IReadOnlyList<string> prompts, Action<int>? onPrompt = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        UmT5Config config = ReadTextConfig();
        UmT5Tokenizer tokenizer = LoadTokenizer(Folder.TokenizerFile);
        if (tokenizer.VocabularySize > config.VocabSize)
        {
            throw new InputException($"{Folder.Path}: the tokenizer has {tokenizer.VocabularySize} pieces and the text encoder knows {config.VocabSize}. The parts are of different models.");
        }

        using UmT5Encoder encoder = Folder.Fill(TextPart, new UmT5Encoder(config).InComputePrecision(), UmT5Encoder.UnusedKeys);
        using var noGradient = no_grad();
        List<Tensor> contexts = [];
        foreach (string prompt in prompts)
        {
            using var scope = NewDisposeScope();
            Tensor ids_1L = tensor(tokenizer.Encode(prompt)).unsqueeze(0).to(Compute.Device);
            contexts.Add(Condition(encoder, ids_1L).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope());
            onPrompt?.Invoke(contexts.Count);
        }

        return contexts;
    }

    /// <summary>Latents where the autoencoder keeps the first frame and strides over the others, cut into tokens.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="frameStride">Frames of a latent frame.</param>
    /// <param name="stride">Pixels of a latent, along each side.</param>
    /// <param name="patchHeight">Latent rows of a token.</param>
    /// <param name="patchWidth">Latent columns of a token.</param>
    /// <exception cref="InputException">There are no such latents.</exception>
    private protected static LatentLattice CausalLatents(VideoSettings settings, int frameStride, int stride, long patchHeight, long patchWidth)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (long height, long width) = (stride * patchHeight, stride * patchWidth);
        if (settings.Height < height || settings.Width < width || settings.Height % height != 0 || settings.Width % width != 0)
        {
            throw new InputException(FormattableString.Invariant($"{settings.Width}x{settings.Height} pixels: this model makes widths that are multiples of {width} and heights that are multiples of {height}."));
        }

        return LatentLattice.ForClip(settings.Frames, settings.Height, settings.Width, stride, frameStride);
    }

    /// <summary>The denoiser's weights with the adapter merged into them, where there is one.</summary>
    /// <exception cref="InputException">They are broken or do not fit.</exception>
    private protected T FillDenoiser<T>(T denoiser)
        where T : nn.Module
    {
        T filled = Folder.Fill(DenoiserPart, denoiser.InComputePrecision());
        if (Adapter is not null)
        {
            MergeAdapter(filled, Adapter);
        }

        return filled;
    }

    private protected override SortedDictionary<string, string> ModelHashes() => Folder.Hashes();

    /// <summary>Sizes of the text encoder.</summary>
    private protected virtual UmT5Config ReadTextConfig() => Folder.Configuration(TextPart, UmT5Config.FromJson);

    /// <summary>The tokenizer as the model was trained with it.</summary>
    private protected abstract UmT5Tokenizer LoadTokenizer(string path);

    /// <summary>What the denoiser is shown of a prompt.</summary>
    private protected abstract Tensor Condition(UmT5Encoder encoder, Tensor ids_1L);
}
