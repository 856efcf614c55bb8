using System.Text.Json;
using HaloLab.Diffusion;
using HaloLab.Models;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.UmT5;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>CogVideoX 2B and 5B, text to video (Yang et al. 2024, arXiv 2408.06072): T5, a transformer over text and video together, and a causal autoencoder.</summary>
public sealed class CogVideoXPipeline : DiffusersPipeline
{
    // As for Wan2.1, but text and video go through a block together, and its inner layer is four times as wide.
    private const int CopiesOfTokens = 20;
    private const int CopiesOfFrames = 60;

    private readonly CogVideoXConfig _denoiserConfig;
    private readonly CogVideoXVaeConfig _autoencoderConfig;
    private readonly Scheduler _scheduler;
    private CogVideoXTransformer? _denoiser;
    private CogVideoXAutoencoder? _autoencoder;

    /// <exception cref="InputException">A part is missing or is not one of CogVideoX.</exception>
    public CogVideoXPipeline(ModelFolder folder)
        : base(folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _denoiserConfig = folder.Configuration(DenoiserPart, CogVideoXConfig.FromJson);
        _autoencoderConfig = folder.Configuration(AutoencoderPart, CogVideoXVaeConfig.FromJson);
        _scheduler = folder.Configuration(SchedulerPart, Scheduler.FromJson);
        if (_denoiserConfig.InChannels != _autoencoderConfig.LatentChannels)
        {
            throw new InputException($"{folder.Path}: the transformer reads {_denoiserConfig.InChannels} latent channels and the autoencoder makes {_autoencoderConfig.LatentChannels}. The parts are of different models.");
        }
    }

    /// <inheritdoc/>
    public override string Name => "CogVideoX text to video";

    /// <inheritdoc/>
    public override VideoSettings Defaults { get; } = new(Frames: 49, Height: 480, Width: 720, Steps: 50, Guidance: 6, FramesPerSecond: 8);

    /// <inheritdoc/>
    public override ITrainingTarget TrainingTarget => new NoiseScheduleTarget(NoiseSchedule.CogVideoX(_scheduler.SnrShift), PredictionTarget.Velocity, FormattableString.Invariant($"CogVideoX, signal-to-noise shift {_scheduler.SnrShift:R}"));

    /// <inheritdoc/>
    public override bool HasTiles => true;

    /// <inheritdoc/>
    public override int LatentChannels => _autoencoderConfig.LatentChannels;

    /// <inheritdoc/>
    public override LatentLattice Lattice(VideoSettings settings) => CausalLatents(
        settings, _autoencoderConfig.TemporalCompressionRatio, _autoencoderConfig.SpatialStride, _denoiserConfig.PatchSize, _denoiserConfig.PatchSize);

    /// <inheritdoc/>
    public override DenoiserInputs Inputs(VideoSettings settings) => new(LatentChannels, Lattice(settings), _denoiserConfig.PatchSize, _denoiserConfig.MaxTextSeqLength, _denoiserConfig.TextEmbedDim);

    /// <inheritdoc/>
    public override MemoryEstimate Estimate(VideoSettings settings)
    {
        long[] latents_CTHW = LatentShape(settings);
        long tokens = _denoiserConfig.MaxTextSeqLength + (latents_CTHW[1] * latents_CTHW[2] * latents_CTHW[3] / (_denoiserConfig.PatchSize * _denoiserConfig.PatchSize));
        long text = Folder.Values(TextPart);
        long denoiser = Folder.Values(DenoiserPart) + (tokens * CopiesOfTokens * _denoiserConfig.Width);
        long frame = (long)settings.Height * settings.Width;
        CogVideoXTiles tiles = new(_autoencoderConfig);
        long decoded = DecodesInTiles ? (long)Math.Min(settings.Height, tiles.Height) * Math.Min(settings.Width, tiles.Width) : frame;
        long autoencoder = Folder.Values(AutoencoderPart) + (CopiesOfFrames * _autoencoderConfig.BlockOutChannels[0] * decoded) + (3 * settings.Frames * frame);
        return new MemoryEstimate(Compute.BytesPerWeight * text, Compute.BytesPerWeight * denoiser, BytesPerValue * autoencoder);
    }

    /// <inheritdoc/>
    public override Tensor Denoise(Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance, int steps, Func<int, Tensor> noiseOfStep, Action<int>? onStep = null)
    {
        _denoiser ??= FillDenoiser(new CogVideoXTransformer(_denoiserConfig));
        CogVideoXDenoiser denoiser = new(_denoiser);
        NoiseSchedule schedule = NoiseSchedule.CogVideoX(_scheduler.SnrShift);
        return _scheduler.IsDpm
            ? new CogVideoXDpmSampler(schedule, steps).Sample(denoiser, start_BCTHW, context_BLD, noiseOfStep, guidance, onStep)
            : new DdimSampler(schedule, steps, target: PredictionTarget.Velocity, spacing: TimestepSpacing.Trailing, endsClean: true)
                .Sample(denoiser, start_BCTHW, context_BLD, guidance, onStep: onStep);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor latents_BCTHW)
    {
        Release(ref _denoiser);
        _autoencoder ??= Folder.Fill(AutoencoderPart, new CogVideoXAutoencoder(_autoencoderConfig));
        using var noGradient = no_grad();
        return DecodesInTiles ? _autoencoder.DecodeInTiles(latents_BCTHW) : _autoencoder.Decode(latents_BCTHW);
    }

    /// <inheritdoc/>
    public override Tensor EncodeClips(Tensor pixels_BCTHW)
    {
        _autoencoder ??= Folder.Fill(AutoencoderPart, new CogVideoXAutoencoder(_autoencoderConfig));
        using var noGradient = no_grad();
        return _autoencoder.Encode(pixels_BCTHW);
    }

    /// <inheritdoc/>
    public override LoadedDenoiser LoadDenoiser()
    {
        Release(ref _autoencoder);
        CogVideoXTransformer network = FillDenoiser(new CogVideoXTransformer(_denoiserConfig));
        return new LoadedDenoiser(network, new CogVideoXDenoiser(network));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Release(ref _denoiser);
        Release(ref _autoencoder);
    }

    private protected override UmT5Config ReadTextConfig() => base.ReadTextConfig() with { ModelType = "t5" };

    private protected override UmT5Tokenizer LoadTokenizer(string path) => UmT5Tokenizer.Load(path, _denoiserConfig.MaxTextSeqLength, cleansText: false);

    // No mask: CogVideoX was trained with what the encoder says to padding.
    private protected override Tensor Condition(UmT5Encoder encoder, Tensor ids_1L) => encoder.call(ids_1L, ones_like(ids_1L));

    /// <summary>Which sampler, and by what the signal-to-noise ratio is divided.</summary>
    private sealed record Scheduler(bool IsDpm, double SnrShift)
    {
        private const double DefaultShift = 3;

        public static Scheduler FromJson(JsonElement json, string source)
        {
            string? name = json.TryGetProperty("_class_name", out JsonElement field) ? field.GetString() : null;
            double shift = !json.TryGetProperty("snr_shift_scale", out JsonElement value) ? DefaultShift
                : value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0 ? value.GetDouble()
                : throw new InputException($"{source}: snr_shift_scale is {value}, expected a number above 0.");
            return name switch
            {
                "CogVideoXDDIMScheduler" => new Scheduler(IsDpm: false, shift),
                "CogVideoXDPMScheduler" => new Scheduler(IsDpm: true, shift),
                _ => throw new InputException($"{source}: _class_name is '{name}', expected CogVideoXDDIMScheduler or CogVideoXDPMScheduler."),
            };
        }
    }
}
