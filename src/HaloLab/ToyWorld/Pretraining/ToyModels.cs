using HaloLab.Diffusion;
using HaloLab.Models.VideoCrafter2;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// The toy generator: VideoCrafter2's classes at a size that two CPU cores can train (docs/toy-world.md has the times). It predicts v
/// (Salimans and Ho 2022, arXiv 2202.00512): with ε the layout, which is decided at high noise, was learned last.
/// </summary>
public static class ToyModels
{
    /// <summary>Tokens of the toy captions are this wide for the denoiser.</summary>
    private const int TextWidth = 64;

    /// <summary>Clips of 8 × 32 × 32 pixels become latents of 8 channels, 8 × 8 × 8.</summary>
    public static AutoencoderKLOptions Autoencoder { get; } = new()
    {
        Channels = 32,
        NormGroups = 8,
        ChannelMultipliers = [1, 2, 2],
        ResBlocks = 1,
        CodeChannels = 8,
        LatentChannels = 8,
        ScaleFactor = 1,
    };

    public static TextTowerOptions Text { get; } = new()
    {
        Width = TextWidth,
        Heads = 4,
        Layers = 3,
        VocabularySize = new ToyTokenizer().VocabularySize,
        ContextLength = new ToyTokenizer().ContextLength,
    };

    /// <summary>
    /// 8 latent channels and the 8 of the layout prior go in; 64 channels at 8×8 and at 4×4. With 32 channels at 8×8 outlines stayed soft even where the latents
    /// are hardly noised, and with attention at 4×4 alone, where two objects often share a place, either got the other's kind as often as its own (docs/toy-world.md).
    /// Temporal attention is at 4×4 only, and not after the first convolution: at 8×8 it costs as much as everything else, and the convolutions over
    /// time mix the frames there.
    /// </summary>
    public static UNet3DOptions Denoiser { get; } = new()
    {
        InChannels = 16,
        OutChannels = 8,
        ModelChannels = 64,
        NormGroups = 8,
        ChannelMultipliers = [1, 1],
        ResBlocks = 1,
        AttentionResolutions = [1, 2],
        TemporalAttentionResolutions = [2],
        HeadChannels = 16,
        InitialTemporalAttention = false,
        ContextChannels = TextWidth,
        GuidanceEmbeddingSize = LayoutPrior.SummaryWidth,
        ScaleShiftNorm = true,
        TemporalDropout = 0,
    };

    public static PredictionTarget Target => PredictionTarget.Velocity;

    /// <summary>
    /// VideoCrafter2's noise schedule without its scale of the signal, which serves large pictures, and ending in pure noise: at its own end
    /// (ᾱ = 0.0047) whole tracks of these few, large objects still stand out, and the start of sampling would decide their motion.
    /// </summary>
    public static NoiseSchedule Schedule { get; } = NoiseSchedule.VideoCrafter2(scaled: false, endsInNoise: true);

    /// <summary>Schedule and target as a trainer takes them.</summary>
    public static NoiseScheduleTarget TrainingTarget { get; } = new(Schedule, Target, "toy");
}
