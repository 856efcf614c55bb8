using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>
/// VideoCrafter2 text to video (Chen et al. 2024, arXiv 2401.09047): OpenCLIP's text tower, a U-Net sampled by DDIM, and an autoencoder of single frames. With
/// T2V-Turbo's adapter (<c>unet_lora.pt</c>; Li et al. 2024, arXiv 2405.18750), or a checkpoint that has its guidance embedding, sampled by LCM in a
/// few steps, the guidance scale told to the network.
/// </summary>
public sealed class VideoCrafter2Pipeline : VideoPipeline
{
    private const int GuidanceSize = 256;
    private const double FrameRateCondition = 28;
    private const double TurboFrameRateCondition = 16;

    // What a residual block of the first level holds at its widest, in copies of its channels; frames of the decoder's last level likewise.
    private const int CopiesOfLatents = 16;
    private const int CopiesOfFrames = 12;
    private const int FramesDecodedAtOnce = 4;

    private readonly VideoCrafter2Folder _folder;
    private UNet3D? _denoiser;
    private AutoencoderKL? _autoencoder;

    /// <param name="folder">The model's folder.</param>
    /// <param name="adapter">An adapter file of the U-Net, or null.</param>
    /// <exception cref="InputException">The checkpoint has a motion embedding, which only T2V-Turbo-v2's own data can fill.</exception>
    public VideoCrafter2Pipeline(VideoCrafter2Folder folder, string? adapter)
    {
        ArgumentNullException.ThrowIfNull(folder);
        (_folder, Adapter) = (folder, adapter);
        if (folder.UNet.MotionEmbeddingSize is not null)
        {
            throw new InputException($"{folder.Path}: is T2V-Turbo-v2 with a motion embedding, which is not sampled from a folder. Take VideoCrafter2 or T2V-Turbo.");
        }
    }

    /// <inheritdoc/>
    public override string Name => IsTurbo ? "T2V-Turbo (VideoCrafter2)" : "VideoCrafter2";

    /// <inheritdoc/>
    public override string DenoiserPart => "unet";

    /// <inheritdoc/>
    public override VideoSettings Defaults => IsTurbo
        ? new(Frames: 16, Height: 320, Width: 512, Steps: 4, Guidance: 7.5, FramesPerSecond: 8)
        : new(Frames: 16, Height: 320, Width: 512, Steps: 50, Guidance: 12, FramesPerSecond: 8);

    /// <inheritdoc/>
    public override ITrainingTarget TrainingTarget => IsTurbo
        ? throw new InputException("T2V-Turbo is a distilled model: a noise schedule's training target would undo it. Tune VideoCrafter2, without the adapter.")
        : new NoiseScheduleTarget(NoiseSchedule.VideoCrafter2(_folder.Config.UsesScale), PredictionTarget.Noise, FormattableString.Invariant($"VideoCrafter2, scaled {_folder.Config.UsesScale}"));

    /// <inheritdoc/>
    public override int LatentChannels => _folder.Config.Autoencoder.LatentChannels;

    private bool HasListAdapter => Adapter?.EndsWith(".pt", StringComparison.Ordinal) == true;

    private bool IsTurbo => HasListAdapter || _folder.UNet.GuidanceEmbeddingSize is not null;

    private int Stride => 1 << (_folder.Config.Autoencoder.ChannelMultipliers.Count - 1);

    /// <inheritdoc/>
    public override LatentLattice Lattice(VideoSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        int multiple = Stride << (_folder.UNet.ChannelMultipliers.Count - 1);
        return settings.Height >= multiple && settings.Width >= multiple && settings.Height % multiple == 0 && settings.Width % multiple == 0
            ? LatentLattice.ForClip(settings.Frames, settings.Height, settings.Width, Stride)
            : throw new InputException($"{settings.Width}x{settings.Height} pixels: this model makes widths and heights that are multiples of {multiple}.");
    }

    /// <inheritdoc/>
    public override long EstimateBytes(VideoSettings settings)
    {
        long[] latents_CTHW = LatentShape(settings);
        long places = latents_CTHW[1] * latents_CTHW[2] * latents_CTHW[3];
        (long text, long denoiser, long autoencoder) = _folder.Values();
        denoiser += places * CopiesOfLatents * _folder.UNet.ModelChannels;
        autoencoder += (long)CopiesOfFrames * FramesDecodedAtOnce * _folder.Config.Autoencoder.Channels * settings.Height * settings.Width;
        return Math.Max(Compute.BytesPerWeight * Math.Max(text, denoiser), BytesPerValue * autoencoder);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Encode(IReadOnlyList<string> prompts, Action<int>? onPrompt = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        using TextTower tower = _folder.LoadText();
        using var noGradient = no_grad();
        ClipTokenizer tokenizer = ClipTokenizer.OpenClip(tower.Options.ContextLength);
        List<Tensor> contexts = [];
        foreach (string prompt in prompts)
        {
            using var scope = NewDisposeScope();
            Tensor ids_1L = tensor(tokenizer.Encode(prompt)).unsqueeze(0).to(Compute.Device);
            contexts.Add(tower.call(ids_1L).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope());
            onPrompt?.Invoke(contexts.Count);
        }

        return contexts;
    }

    /// <inheritdoc/>
    public override Tensor Denoise(Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance, int steps, Func<int, Tensor> noiseOfStep, Action<int>? onStep = null)
    {
        _denoiser ??= FillDenoiser();
        using var scope = NewDisposeScope();
        if (IsTurbo)
        {
            Tensor embedding_1E = SinusoidalEmbedding.OfGuidance(tensor([(float)(guidance?.Scale ?? 1)]), (int)_denoiser.time_cond_proj!.weight.shape[1]).to(Compute.Device);
            VideoCrafter2Denoiser turbo = new(_denoiser) { FramesPerSecond = TurboFrameRateCondition, GuidanceEmbedding_1E = embedding_1E };
            return new LcmSampler(NoiseSchedule.SinglePrecision(), steps).Sample(turbo, start_BCTHW, context_BLD, noiseOfStep, onStep).MoveToOuterDisposeScope();
        }

        // Their own script adds noise at every step.
        DdimSampler sampler = new(NoiseSchedule.VideoCrafter2(_folder.Config.UsesScale), steps, eta: 1);
        return sampler.Sample(new VideoCrafter2Denoiser(_denoiser) { FramesPerSecond = FrameRateCondition }, start_BCTHW, context_BLD, guidance, noiseOfStep, onStep: onStep).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor latents_BCTHW)
    {
        Release(ref _denoiser);
        _autoencoder ??= _folder.LoadAutoencoder();
        using var noGradient = no_grad();
        return _autoencoder.DecodeClips(latents_BCTHW, FramesDecodedAtOnce);
    }

    /// <inheritdoc/>
    public override Tensor EncodeClips(Tensor pixels_BCTHW)
    {
        _autoencoder ??= _folder.LoadAutoencoder();
        using var noGradient = no_grad();
        return _autoencoder.EncodeClips(pixels_BCTHW);
    }

    /// <inheritdoc/>
    public override LoadedDenoiser LoadDenoiser()
    {
        Release(ref _autoencoder);
        UNet3D network = FillDenoiser();
        return new LoadedDenoiser(network, new VideoCrafter2Denoiser(network) { FramesPerSecond = FrameRateCondition });
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Release(ref _denoiser);
        Release(ref _autoencoder);
    }

    private protected override SortedDictionary<string, string> ModelHashes() => _folder.Hashes();

    private UNet3D FillDenoiser()
    {
        UNet3D denoiser = _folder.LoadDenoiser(HasListAdapter ? GuidanceSize : null);
        if (HasListAdapter)
        {
            using var scope = NewDisposeScope();
            using LoraFile list = LoraFile.LoadPositional(Adapter!, LoraAdapters.PositionalNamesOf(denoiser));
            LoraAdapters.Attach(denoiser, list, Adapter!).Merge();
        }
        else if (Adapter is not null)
        {
            MergeAdapter(denoiser, Adapter);
        }

        return denoiser;
    }
}
