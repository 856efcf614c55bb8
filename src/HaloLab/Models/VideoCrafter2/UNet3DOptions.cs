namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// Sizes and parts of a <see cref="UNet3D"/>; the defaults are VideoCrafter2's published model (320×512, AILab-CVC/VideoCrafter). Relative
/// positions, causal temporal attention and text in the temporal attention exist upstream, but in no published VideoCrafter2 or T2V-Turbo
/// model, and are left out.
/// </summary>
public sealed record UNet3DOptions
{
    /// <summary>Latent channels in.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Latent channels out.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Channels of the first level, a multiple of <see cref="NormGroups"/>.</summary>
    public int ModelChannels { get; init; } = 320;

    /// <summary>
    /// Groups of every group norm. A group of one channel would lose whatever is the same at all places of a frame, such as the timestep's
    /// embedding, so that a narrow model needs fewer groups.
    /// </summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Channels of level i are <see cref="ModelChannels"/> × this; every level but the first halves height and width.</summary>
    public IReadOnlyList<int> ChannelMultipliers { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of a level on the way down; one more on the way up.</summary>
    public int ResBlocks { get; init; } = 2;

    /// <summary>Level i has transformers if 2^i is in here. The middle always has them.</summary>
    public IReadOnlyList<int> AttentionResolutions { get; init; } = [4, 2, 1];

    /// <summary>Channels of one attention head; the number of heads is channels / this.</summary>
    public int HeadChannels { get; init; } = 64;

    /// <summary>Transformer blocks in each transformer.</summary>
    public int TransformerDepth { get; init; } = 1;

    /// <summary>Width of the text condition.</summary>
    public int ContextChannels { get; init; } = 1024;

    /// <summary>Linear instead of 1×1 convolutions at the ends of the transformers (except <c>init_attn</c>, which always has convolutions).</summary>
    public bool LinearProjections { get; init; } = true;

    /// <summary>Four convolutions over time after each residual block.</summary>
    public bool TemporalConvolutions { get; init; } = true;

    /// <summary>A temporal transformer after each spatial one.</summary>
    public bool TemporalAttention { get; init; } = true;

    /// <summary>
    /// Of the levels with transformers, those where temporal ones follow the spatial ones; null for all, as upstream. The middle always has both.
    /// </summary>
    public IReadOnlyList<int>? TemporalAttentionResolutions { get; init; }

    /// <summary>A temporal transformer of 8 heads right after the first convolution (<c>init_attn</c>).</summary>
    public bool InitialTemporalAttention { get; init; } = true;

    /// <summary>Embeds the frame rate beside the timestep.</summary>
    public bool FrameRateEmbedding { get; init; } = true;

    /// <summary>Width of the guidance embedding (T2V-Turbo: 256), or null for none.</summary>
    public int? GuidanceEmbeddingSize { get; init; }

    /// <summary>Width of the motion guidance embedding (T2V-Turbo-v2: 256), or null for none; needs a guidance embedding.</summary>
    public int? MotionEmbeddingSize { get; init; }

    /// <summary>
    /// The embedding of timestep and guidance scales the channels of a residual block too (<c>use_scale_shift_norm</c>; adaptive group norm of Dhariwal and
    /// Nichol 2021, arXiv 2105.05233) instead of only shifting them. Upstream has it; no published VideoCrafter2 or T2V-Turbo model uses it.
    /// </summary>
    public bool ScaleShiftNorm { get; init; }

    /// <summary>Dropout of the residual blocks in training mode, 0 to 1.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Dropout of the temporal convolutions in training mode, 0 to 1; upstream fixes it at 0.1. The masks come from torch's own generator: a
    /// run that must repeat sets 0, stays in evaluation mode, or seeds torch before each step.
    /// </summary>
    public double TemporalDropout { get; init; } = 0.1;
}
