using System.Text.Json;
using HaloLab.Diffusion;
using HaloLab.Models;
using HaloLab.Models.UmT5;
using HaloLab.Models.Wan;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>Wan2.1 text to video (Wan Team 2025, arXiv 2503.20314): umT5, a flow transformer sampled by UniPC or Euler, and a causal autoencoder.</summary>
public sealed class WanPipeline : DiffusersPipeline
{
    // What a layer holds at its widest, in copies of its input: a block's tokens with their modulated, attended and added forms; frames of the
    // decoder's last level with those that its convolutions remember.
    private const int CopiesOfTokens = 12;
    private const int CopiesOfFrames = 40;

    private readonly WanConfig _denoiserConfig;
    private readonly WanVaeConfig _autoencoderConfig;
    private readonly FlowSchedule _schedule;
    private WanTransformer? _denoiser;
    private WanAutoencoder? _autoencoder;

    /// <exception cref="InputException">A part is missing or is not one of Wan2.1.</exception>
    public WanPipeline(ModelFolder folder)
        : base(folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _denoiserConfig = folder.Configuration(DenoiserPart, WanConfig.FromJson);
        _autoencoderConfig = folder.Configuration(AutoencoderPart, WanVaeConfig.FromJson);
        _schedule = folder.Configuration(SchedulerPart, FlowSchedule.FromJson);
        if (_denoiserConfig.InChannels != _autoencoderConfig.ZDim)
        {
            throw new InputException($"{folder.Path}: the transformer reads {_denoiserConfig.InChannels} latent channels and the autoencoder makes {_autoencoderConfig.ZDim}. The parts are of different models.");
        }
    }

    /// <inheritdoc/>
    public override string Name => "Wan2.1 text to video";

    /// <inheritdoc/>
    public override VideoSettings Defaults { get; } = new(Frames: 81, Height: 480, Width: 832, Steps: 50, Guidance: 5, FramesPerSecond: 16);

    /// <inheritdoc/>
    public override ITrainingTarget TrainingTarget => new FlowMatchingTarget(_schedule.Shift);

    /// <inheritdoc/>
    public override int LatentChannels => _autoencoderConfig.ZDim;

    /// <inheritdoc/>
    public override LatentLattice Lattice(VideoSettings settings) => CausalLatents(
        settings, _autoencoderConfig.TemporalStride, _autoencoderConfig.SpatialStride, _denoiserConfig.PatchSize[1], _denoiserConfig.PatchSize[2]);

    /// <inheritdoc/>
    public override DenoiserInputs Inputs(VideoSettings settings) => new(LatentChannels, Lattice(settings), (int)Math.Max(_denoiserConfig.PatchSize[1], _denoiserConfig.PatchSize[2]), UmT5Tokenizer.DefaultContextLength, _denoiserConfig.TextDim);

    /// <inheritdoc/>
    public override MemoryEstimate Estimate(VideoSettings settings)
    {
        long[] latents_CTHW = LatentShape(settings);
        long tokens = latents_CTHW[1] * latents_CTHW[2] * latents_CTHW[3] / _denoiserConfig.PatchSize.Aggregate(1L, (product, size) => product * size);
        long text = Folder.Values(TextPart);
        long denoiser = Folder.Values(DenoiserPart) + (tokens * ((CopiesOfTokens * _denoiserConfig.Width) + (2L * _denoiserConfig.FfnDim)));
        long autoencoder = Folder.Values(AutoencoderPart) + ((long)CopiesOfFrames * _autoencoderConfig.BaseDim * settings.Height * settings.Width) + (3L * settings.Frames * settings.Height * settings.Width);
        return new MemoryEstimate(Compute.BytesPerWeight * text, Compute.BytesPerWeight * denoiser, BytesPerValue * autoencoder);
    }

    /// <inheritdoc/>
    public override Tensor Denoise(Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance, int steps, Func<int, Tensor> noiseOfStep, Action<int>? onStep = null)
    {
        _denoiser ??= FillDenoiser(new WanTransformer(_denoiserConfig));
        WanDenoiser denoiser = new(_denoiser);
        return _schedule.IsEuler
            ? new FlowEulerSampler(steps, _schedule.Shift).Sample(denoiser, start_BCTHW, context_BLD, guidance, onStep)
            : new UniPcSampler(steps, _schedule.Shift).Sample(denoiser, start_BCTHW, context_BLD, guidance, onStep);
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor latents_BCTHW)
    {
        Release(ref _denoiser);
        _autoencoder ??= Folder.Fill(AutoencoderPart, new WanAutoencoder(_autoencoderConfig));
        using var noGradient = no_grad();
        return _autoencoder.Decode(latents_BCTHW);
    }

    /// <inheritdoc/>
    public override Tensor EncodeClips(Tensor pixels_BCTHW)
    {
        _autoencoder ??= Folder.Fill(AutoencoderPart, new WanAutoencoder(_autoencoderConfig));
        using var noGradient = no_grad();
        return _autoencoder.Encode(pixels_BCTHW);
    }

    /// <inheritdoc/>
    public override LoadedDenoiser LoadDenoiser()
    {
        Release(ref _autoencoder);
        WanTransformer network = FillDenoiser(new WanTransformer(_denoiserConfig));
        return new LoadedDenoiser(network, new WanDenoiser(network));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Release(ref _denoiser);
        Release(ref _autoencoder);
    }

    private protected override UmT5Tokenizer LoadTokenizer(string path) => UmT5Tokenizer.Load(path);

    private protected override Tensor Condition(UmT5Encoder encoder, Tensor ids_1L) => encoder.Condition(ids_1L, ids_1L.ne(0).to(ScalarType.Int64));

    /// <summary>Which sampler, and how far it shifts σ.</summary>
    private sealed record FlowSchedule(bool IsEuler, double Shift)
    {
        private const double DefaultShift = 3;

        public static FlowSchedule FromJson(JsonElement json, string source)
        {
            string? name = json.TryGetProperty("_class_name", out JsonElement field) ? field.GetString() : null;
            return name switch
            {
                "UniPCMultistepScheduler" => new FlowSchedule(IsEuler: false, Shift("flow_shift")),
                "FlowMatchEulerDiscreteScheduler" => new FlowSchedule(IsEuler: true, Shift("shift")),
                _ => throw new InputException($"{source}: _class_name is '{name}', expected UniPCMultistepScheduler or FlowMatchEulerDiscreteScheduler."),
            };

            double Shift(string name) => json.TryGetProperty(name, out JsonElement value)
                ? value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0 ? value.GetDouble() : throw new InputException($"{source}: {name} is {value}, expected a number above 0.")
                : DefaultShift;
        }
    }
}
