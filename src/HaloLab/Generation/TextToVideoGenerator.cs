using HaloLab.Diffusion;
using HaloLab.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>
/// Prompts and seeds to clips: text tower, denoiser, DDIM and autoencoder put together as in VideoCrafter2. The models stay the caller's, who
/// puts them into evaluation mode.
/// </summary>
/// <param name="textTower">Prompts to conditions.</param>
/// <param name="denoiser">The denoiser, told its frame rate.</param>
/// <param name="autoencoder">Latents to pixels.</param>
/// <param name="schedule">The schedule that the denoiser was trained with.</param>
/// <param name="target">What the denoiser predicts.</param>
public sealed class TextToVideoGenerator(
    TextTower textTower, IDenoiser denoiser, AutoencoderKL autoencoder, NoiseSchedule schedule, PredictionTarget target = PredictionTarget.Noise)
{
    private const string StartPurpose = "sampling start";
    private const string StepPurpose = "sampling noise";

    /// <summary>Generates one clip for each row. A clip's noise comes from its seed alone, whatever else is in the batch.</summary>
    /// <param name="ids_BL">Token ids of the prompts.</param>
    /// <param name="negativeIds_1L">Token ids of the negative prompt, usually the empty text; needed unless guidance is 1.</param>
    /// <param name="seeds">One seed for each clip.</param>
    /// <param name="settings">How to sample.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    public GeneratedClips Generate(
        Tensor ids_BL, Tensor? negativeIds_1L, IReadOnlyList<long> seeds, SamplingSettings settings, Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(ids_BL);
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(settings);
        if (seeds.Count != ids_BL.shape[0])
        {
            throw new ArgumentException($"{seeds.Count} seeds for {ids_BL.shape[0]} prompts.", nameof(seeds));
        }

        if (settings.Height % autoencoder.Stride != 0 || settings.Width % autoencoder.Stride != 0)
        {
            throw new InputException(
                $"A size of {settings.Height} × {settings.Width} pixels cannot be generated: height and width must be multiples of {autoencoder.Stride}.");
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long[] shape_CTHW = [autoencoder.Options.LatentChannels, settings.Frames, settings.Height / autoencoder.Stride, settings.Width / autoencoder.Stride];
        Tensor start_BCTHW = GaussianNoise.DrawBatch(seeds, StartPurpose, 0, shape_CTHW, ids_BL.device);
        Func<int, Tensor> noiseOfStep = step => GaussianNoise.DrawBatch(seeds, StepPurpose, step, shape_CTHW, ids_BL.device);
        GeneratedClips clips = GenerateFrom(ids_BL, negativeIds_1L, start_BCTHW, noiseOfStep, settings, onStep);
        clips.Latents_BCTHW.MoveToOuterDisposeScope();
        clips.Pixels_BCTHW.MoveToOuterDisposeScope();
        return clips;
    }

    /// <summary>The same from given noise; frames and size are those of the noise.</summary>
    /// <param name="ids_BL">Token ids of the prompts.</param>
    /// <param name="negativeIds_1L">Token ids of the negative prompt; needed unless guidance is 1.</param>
    /// <param name="start_BCTHW">Standard normal noise to start from.</param>
    /// <param name="noiseOfStep">Standard normal noise of each step in the order of sampling; needed when eta is above 0.</param>
    /// <param name="settings">How to sample.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    public GeneratedClips GenerateFrom(
        Tensor ids_BL,
        Tensor? negativeIds_1L,
        Tensor start_BCTHW,
        Func<int, Tensor>? noiseOfStep,
        SamplingSettings settings,
        Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(ids_BL);
        ArgumentNullException.ThrowIfNull(settings);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor context_BLD = textTower.call(ids_BL);
        ClassifierFreeGuidance? guidance = settings.Guidance == 1 ? null : GuidanceFor(context_BLD, negativeIds_1L, settings.Guidance);
        DdimSampler sampler = new(schedule, settings.Steps, settings.Eta, target);
        Tensor latents_BCTHW = sampler.Sample(denoiser, start_BCTHW, context_BLD, guidance, noiseOfStep, onStep: onStep);
        Tensor pixels_BCTHW = autoencoder.DecodeClips(latents_BCTHW, settings.FramesDecodedAtOnce);
        return new(latents_BCTHW.MoveToOuterDisposeScope(), pixels_BCTHW.MoveToOuterDisposeScope());
    }

    private ClassifierFreeGuidance GuidanceFor(Tensor context_BLD, Tensor? negativeIds_1L, double scale)
    {
        ArgumentNullException.ThrowIfNull(negativeIds_1L);
        return new(textTower.call(negativeIds_1L).expand(context_BLD.shape[0], -1, -1), scale);
    }
}
