using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models;
using HaloLab.Models.Layers;
using HaloLab.Models.UmT5;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>
/// A published text-to-video model: text encoder, denoiser, sampler and autoencoder of a folder. Its three steps are called one after the other for all
/// clips, and each holds its own part in memory only: the text encoder is often the largest.
/// </summary>
/// <param name="folder">The model's folder.</param>
public abstract class VideoPipeline(DiffusersFolder folder) : IDisposable
{
    /// <summary>Bytes of a value: weights and activations are float32.</summary>
    private protected const long BytesPerValue = sizeof(float);

    /// <summary>Folder of the denoiser, which adapters are named after.</summary>
    public const string DenoiserPart = "transformer";

    private protected const string TextPart = "text_encoder";
    private protected const string TokenizerPart = "tokenizer";
    private protected const string AutoencoderPart = "vae";
    private protected const string SchedulerPart = "scheduler";

    /// <summary>What the model is called.</summary>
    public abstract string Name { get; }

    /// <summary>What its authors sample with.</summary>
    public abstract VideoSettings Defaults { get; }

    /// <summary>Folders of its parts.</summary>
    public IReadOnlyList<string> Parts { get; } = [TextPart, TokenizerPart, DenoiserPart, AutoencoderPart, SchedulerPart];

    /// <summary>The folder it was opened from.</summary>
    public DiffusersFolder Folder => folder;

    /// <summary>Opens a folder; weights are read when they are needed.</summary>
    /// <exception cref="InputException">There is no such folder, a part of it is missing, or its model is not built.</exception>
    /// <param name="folder">The folder.</param>
    /// <param name="adapter">An adapter file of its denoiser, or null.</param>
    public static VideoPipeline Open(string folder, string? adapter = null)
    {
        DiffusersFolder opened = DiffusersFolder.Open(folder);
        return opened.Pipeline switch
        {
            "WanPipeline" => new WanPipeline(opened) { Adapter = adapter },
            "CogVideoXPipeline" => new CogVideoXPipeline(opened) { Adapter = adapter },
            string other => throw new InputException($"{folder}: is a {other}. What can be sampled from a folder is WanPipeline (Wan2.1) and CogVideoXPipeline, text to video."),
        };
    }

    /// <summary>The forward process that the denoiser was trained with.</summary>
    public abstract ITrainingTarget TrainingTarget { get; }

    /// <summary>An adapter file of the denoiser in diffusers' or peft's form, or null for the model as it was published.</summary>
    public string? Adapter { get; init; }

    /// <summary>Channels of the latents.</summary>
    public abstract int LatentChannels { get; }

    /// <summary>The latents of one clip.</summary>
    /// <exception cref="InputException">The model has no latents of that size.</exception>
    public abstract LatentLattice Lattice(VideoSettings settings);

    /// <summary>Shape of one clip's latents: channels, frames, height, width.</summary>
    /// <exception cref="InputException">The model has no latents of that size.</exception>
    public long[] LatentShape(VideoSettings settings)
    {
        LatentLattice lattice = Lattice(settings);
        return [LatentChannels, lattice.Frames, lattice.Height, lattice.Width];
    }

    /// <summary>Rough bytes of the step that needs most: its weights and what it holds beside them.</summary>
    public abstract long EstimateBytes(VideoSettings settings);

    /// <summary>The condition of each prompt, [1, L, D] on the CPU. Reads the text encoder and lets it go.</summary>
    /// <param name="prompts">Prompts, the negative one among them.</param>
    /// <param name="onPrompt">Told the number of prompts done; may throw.</param>
    public IReadOnlyList<Tensor> Encode(IReadOnlyList<string> prompts, Action<int>? onPrompt = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        UmT5Config config = ReadTextConfig();
        UmT5Tokenizer tokenizer = LoadTokenizer(Folder.FileOf(TokenizerPart, "spiece.model"));
        if (tokenizer.VocabularySize > config.VocabSize)
        {
            throw new InputException($"{Folder.Path}: the tokenizer has {tokenizer.VocabularySize} pieces and the text encoder knows {config.VocabSize}. The parts are of different models.");
        }

        using UmT5Encoder encoder = Folder.Fill(TextPart, new UmT5Encoder(config), UmT5Encoder.UnusedKeys);
        using var noGradient = no_grad();
        List<Tensor> contexts = [];
        foreach (string prompt in prompts)
        {
            using var scope = NewDisposeScope();
            Tensor ids_1L = tensor(tokenizer.Encode(prompt)).unsqueeze(0).to(Compute.Device);
            contexts.Add(Condition(encoder, ids_1L).cpu().MoveToOuterDisposeScope());
            onPrompt?.Invoke(contexts.Count);
        }

        return contexts;
    }

    /// <summary>Noise to clean latents.</summary>
    /// <param name="start_BCTHW">Standard normal noise.</param>
    /// <param name="context_BLD">Condition of each clip.</param>
    /// <param name="guidance">Guidance, or null for none.</param>
    /// <param name="steps">Steps of the sampler.</param>
    /// <param name="noiseOfStep">Standard normal noise of a step by its index, for a sampler that adds some.</param>
    /// <param name="onStep">Told the number of steps done; may throw.</param>
    public abstract Tensor Denoise(Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance, int steps, Func<int, Tensor> noiseOfStep, Action<int>? onStep = null);

    /// <summary>Latents to frames in −1 to 1. Lets the denoiser go.</summary>
    public abstract Tensor Decode(Tensor latents_BCTHW);

    /// <summary>Frames in −1 to 1 to latents in the denoiser's scale.</summary>
    public abstract Tensor EncodeClips(Tensor pixels_BCTHW);

    /// <summary>A denoiser of its own for whoever trains it; the autoencoder is let go.</summary>
    public abstract LoadedDenoiser LoadDenoiser();

    /// <summary>A denoiser in memory.</summary>
    /// <param name="Module">The network.</param>
    /// <param name="Denoiser">Calls it.</param>
    public sealed record LoadedDenoiser(nn.Module Module, IDenoiser Denoiser) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Module.Dispose();
    }

    /// <summary>SHA-256 of every file that decides what comes out, by name.</summary>
    public SortedDictionary<string, string> Hashes()
    {
        SortedDictionary<string, string> hashes = Folder.Hashes(Parts);
        foreach (string file in Adapter is null ? [] : Directory.Exists(Adapter) ? Directory.GetFiles(Adapter) : [Adapter])
        {
            hashes["adapter/" + Path.GetFileName(file)] = FileHash.Of(file, "an adapter");
        }

        return hashes;
    }

    /// <summary>Frees what is in memory.</summary>
    public abstract void Dispose();

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
        T filled = Folder.Fill(DenoiserPart, denoiser);
        if (Adapter is not null)
        {
            using var scope = NewDisposeScope();
            using LoraFile file = LoraFile.Load(Adapter);
            LoraAdapters.Attach(filled, file, Adapter).Merge();
        }

        return filled;
    }

    /// <summary>Sizes of the text encoder.</summary>
    private protected virtual UmT5Config ReadTextConfig() => Folder.Configuration(TextPart, UmT5Config.FromJson);

    /// <summary>The tokenizer as the model was trained with it.</summary>
    private protected abstract UmT5Tokenizer LoadTokenizer(string path);

    /// <summary>What the denoiser is shown of a prompt.</summary>
    private protected abstract Tensor Condition(UmT5Encoder encoder, Tensor ids_1L);

    /// <summary>Frees a part that may not be there.</summary>
    private protected static void Release<T>(ref T? part)
        where T : nn.Module
    {
        part?.Dispose();
        part = null;
    }
}
