using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>
/// A published text-to-video model: text encoder, denoiser, sampler and autoencoder of a folder. Its three steps are called one after the other for all
/// clips, and each holds its own part in memory only: the text encoder is often the largest.
/// </summary>
public abstract class VideoPipeline : IDisposable
{
    /// <summary>Bytes of a value: weights and activations are float32.</summary>
    private protected const long BytesPerValue = sizeof(float);

    /// <summary>What the model is called.</summary>
    public abstract string Name { get; }

    /// <summary>What its authors sample with.</summary>
    public abstract VideoSettings Defaults { get; }

    /// <summary>What its denoiser is called in an adapter's file: <c>transformer</c> or <c>unet</c>.</summary>
    public abstract string DenoiserPart { get; }

    /// <summary>Whether a folder looks like a published model's.</summary>
    public static bool IsOne(string folder) => DiffusersFolder.IsOne(folder) || WanOriginalFolder.IsOne(folder) || VideoCrafter2Folder.IsOne(folder);

    /// <summary>Opens a folder; weights are read when they are needed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="adapter">An adapter file of its denoiser, or null.</param>
    /// <exception cref="InputException">There is no such folder, a part of it is missing, or its model is not built.</exception>
    public static VideoPipeline Open(string folder, string? adapter = null)
    {
        if (VideoCrafter2Folder.IsOne(folder))
        {
            return new VideoCrafter2Pipeline(VideoCrafter2Folder.Open(folder), adapter);
        }

        ModelFolder opened = WanOriginalFolder.IsOne(folder) ? WanOriginalFolder.Open(folder) : DiffusersFolder.Open(folder);
        return opened.Pipeline switch
        {
            "WanPipeline" => new WanPipeline(opened) { Adapter = adapter },
            "CogVideoXPipeline" => new CogVideoXPipeline(opened) { Adapter = adapter },
            string other => throw new InputException($"{folder}: is a {other}. What can be sampled from a folder is WanPipeline (Wan2.1), CogVideoXPipeline, and a checkpoint of VideoCrafter2 with its .yaml, text to video."),
        };
    }

    /// <summary>The forward process that the denoiser was trained with.</summary>
    public abstract ITrainingTarget TrainingTarget { get; }

    /// <summary>An adapter file of the denoiser, or null for the model as it was published.</summary>
    public string? Adapter { get; init; }

    /// <summary>Whether it can decode in overlapping tiles of the picture.</summary>
    public virtual bool HasTiles => false;

    /// <summary>Whether it does: less memory and slightly other pixels. Only where <see cref="HasTiles"/>.</summary>
    public bool DecodesInTiles { get; set; }

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

    /// <summary>What the denoiser is shown of one clip.</summary>
    /// <exception cref="InputException">The model has no latents of that size.</exception>
    public abstract DenoiserInputs Inputs(VideoSettings settings);

    /// <summary>Rough bytes of sampling a clip, part by part.</summary>
    public abstract MemoryEstimate Estimate(VideoSettings settings);

    /// <summary>The condition of each prompt, [1, L, D] on the CPU. Reads the text encoder and lets it go.</summary>
    /// <param name="prompts">Prompts, the negative one among them.</param>
    /// <param name="onPrompt">Told the number of prompts done; may throw.</param>
    public abstract IReadOnlyList<Tensor> Encode(IReadOnlyList<string> prompts, Action<int>? onPrompt = null);

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
        SortedDictionary<string, string> hashes = ModelHashes();
        foreach (string file in Adapter is null ? [] : Directory.Exists(Adapter) ? Directory.GetFiles(Adapter) : [Adapter])
        {
            hashes["adapter/" + Path.GetFileName(file)] = FileHash.Of(file, "an adapter");
        }

        return hashes;
    }

    /// <summary>Frees what is in memory.</summary>
    public abstract void Dispose();

    /// <summary>The same for the model's own files.</summary>
    private protected abstract SortedDictionary<string, string> ModelHashes();

    /// <summary>Merges an adapter in diffusers' or peft's form into a denoiser.</summary>
    /// <exception cref="InputException">It is broken or does not fit.</exception>
    private protected static void MergeAdapter(nn.Module denoiser, string path)
    {
        using var scope = NewDisposeScope();
        using LoraFile file = LoraFile.Load(path);
        LoraAdapters.Attach(denoiser, file, path).Merge();
    }

    /// <summary>Frees a part that may not be there.</summary>
    private protected static void Release<T>(ref T? part)
        where T : nn.Module
    {
        part?.Dispose();
        part = null;
    }
}
