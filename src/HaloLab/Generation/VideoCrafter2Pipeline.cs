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
/// few steps, the guidance scale told to the network. T2V-Turbo-v2 (Li et al. 2024, arXiv 2410.05677) is a whole U-Net (<c>unet_mg.pt</c>) in the place of
/// VideoCrafter2's, which is told a scale of motion guidance too.
/// </summary>
public sealed class VideoCrafter2Pipeline : VideoPipeline
{
    private const int GuidanceSize = 256;
    private const double FrameRateCondition = 28;
    private const double TurboFrameRateCondition = 16;

    // Of how many steps those of LCM are chosen.
    private const int OriginSteps = 50;
    private const int SecondOriginSteps = 200;

    // As v2's own program samples: motion guidance in the first half of the timesteps.
    private const double MotionGuidance = 0.05;
    private const long MotionGuidedFrom = NoiseSchedule.Timesteps / 2;

    // What a residual block of the first level holds at its widest, in copies of its channels; frames of the decoder's last level likewise.
    private const int CopiesOfLatents = 16;
    private const int CopiesOfFrames = 12;
    private const int FramesDecodedAtOnce = 4;

    // A convolution that no adapter's file holds under this name.
    private const string AnyNetworksKey = "input_blocks.0.0.weight";

    private readonly VideoCrafter2Folder _folder;
    private readonly bool _hasNetwork;
    private readonly bool _hasList;
    private UNet3D? _denoiser;
    private AutoencoderKL? _autoencoder;

    /// <param name="folder">The model's folder.</param>
    /// <param name="adapter">An adapter file of the U-Net, a whole U-Net that takes its place, or null.</param>
    /// <exception cref="InputException">The file is broken.</exception>
    public VideoCrafter2Pipeline(VideoCrafter2Folder folder, string? adapter)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Adapter = adapter;
        if (adapter is not null)
        {
            using IWeightFile file = WeightFiles.Open(adapter);
            _hasNetwork = file.Entries.Keys.Any(name => name.EndsWith(AnyNetworksKey, StringComparison.Ordinal));
            _hasList = file.Entries.ContainsKey("0");
        }

        _folder = _hasNetwork ? folder.WithDenoiser(adapter!) : folder;
    }

    /// <inheritdoc/>
    public override string Name => IsSecond ? "T2V-Turbo-v2 (VideoCrafter2)" : IsTurbo ? "T2V-Turbo (VideoCrafter2)" : "VideoCrafter2";

    /// <inheritdoc/>
    public override string DenoiserPart => "unet";

    /// <inheritdoc/>
    public override VideoSettings Defaults => IsTurbo
        ? new(Frames: 16, Height: 320, Width: 512, Steps: IsSecond ? 16 : 4, Guidance: 7.5, FramesPerSecond: 8)
        : new(Frames: 16, Height: 320, Width: 512, Steps: 50, Guidance: 12, FramesPerSecond: 8);

    /// <inheritdoc/>
    public override ITrainingTarget TrainingTarget => IsTurbo
        ? throw new InputException("T2V-Turbo is a distilled model: a noise schedule's training target would undo it. Tune VideoCrafter2, without the adapter.")
        : new NoiseScheduleTarget(NoiseSchedule.VideoCrafter2(_folder.Config.UsesScale), PredictionTarget.Noise, FormattableString.Invariant($"VideoCrafter2, scaled {_folder.Config.UsesScale}"));

    /// <inheritdoc/>
    public override int LatentChannels => _folder.Config.Autoencoder.LatentChannels;

    private bool IsTurbo => _hasList || _folder.UNet.GuidanceEmbeddingSize is not null;

    // v2 without motion guidance (unet_no_mg.pt) is a whole U-Net too.
    private bool IsSecond => IsTurbo && (_hasNetwork || _folder.UNet.MotionEmbeddingSize is not null);

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
    public override DenoiserInputs Inputs(VideoSettings settings) => new(LatentChannels, Lattice(settings), 1 << (_folder.UNet.ChannelMultipliers.Count - 1), _folder.Text.ContextLength, _folder.UNet.ContextChannels);

    /// <inheritdoc/>
    public override MemoryEstimate Estimate(VideoSettings settings)
    {
        long[] latents_CTHW = LatentShape(settings);
        long places = latents_CTHW[1] * latents_CTHW[2] * latents_CTHW[3];
        (long text, long denoiser, long autoencoder) = _folder.Values();
        denoiser += places * CopiesOfLatents * _folder.UNet.ModelChannels;
        autoencoder += (long)CopiesOfFrames * FramesDecodedAtOnce * _folder.Config.Autoencoder.Channels * settings.Height * settings.Width;
        return new MemoryEstimate(Compute.BytesPerWeight * text, Compute.BytesPerWeight * denoiser, BytesPerValue * autoencoder);
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
            int originSteps = IsSecond ? SecondOriginSteps : OriginSteps;
            if (steps > originSteps)
            {
                throw new InputException($"{steps} steps: {Name} has at most {originSteps}; it is made for {Defaults.Steps}.");
            }

            bool isTold = _denoiser.motion_cond_proj is not null;
            VideoCrafter2Denoiser turbo = new(_denoiser)
            {
                FramesPerSecond = TurboFrameRateCondition,
                GuidanceEmbedding_1E = Embedding(_denoiser.time_cond_proj!, guidance?.Scale ?? 1),
                MotionEmbedding_1E = isTold ? Embedding(_denoiser.motion_cond_proj!, MotionGuidance) : null,
                LateMotionEmbedding_1E = isTold ? Embedding(_denoiser.motion_cond_proj!, 0) : null,
                LateBelow = MotionGuidedFrom,
            };
            return new LcmSampler(NoiseSchedule.SinglePrecision(), steps, originSteps).Sample(turbo, start_BCTHW, context_BLD, noiseOfStep, onStep).MoveToOuterDisposeScope();
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

    private static Tensor Embedding(Linear projection, double scale) =>
        SinusoidalEmbedding.OfGuidance(tensor([(float)scale]), (int)projection.weight.shape[1]).to(Compute.Device);

    private UNet3D FillDenoiser()
    {
        UNet3D denoiser = _folder.LoadDenoiser(_hasList ? GuidanceSize : null);
        if (_hasList)
        {
            using var scope = NewDisposeScope();
            using LoraFile list = LoraFile.LoadPositional(Adapter!, LoraAdapters.PositionalNamesOf(denoiser));
            LoraAdapters.Attach(denoiser, list, Adapter!).Merge();
        }
        else if (Adapter is not null && !_hasNetwork)
        {
            MergeAdapter(denoiser, Adapter);
        }

        return denoiser;
    }
}
