namespace HaloLab.Models.VideoCrafter2;

/// <summary>Sizes of an <see cref="AutoencoderKL"/>; the defaults are VideoCrafter2's (Stable Diffusion's) published model.</summary>
public sealed record AutoencoderKLOptions
{
    /// <summary>Pixel channels in.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Pixel channels out.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Channels of the first level, a multiple of <see cref="NormGroups"/>.</summary>
    public int Channels { get; init; } = 128;

    /// <summary>
    /// Groups of every group norm. A group of one channel would lose how strongly it differs from the rest of a frame, and colours with it, so that
    /// a narrow model needs fewer groups.
    /// </summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Channels of level i are <see cref="Channels"/> × this; every level but the first halves height and width.</summary>
    public IReadOnlyList<int> ChannelMultipliers { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of an encoder level; the decoder has one more.</summary>
    public int ResBlocks { get; init; } = 2;

    /// <summary>Channels between encoder and decoder (<c>z_channels</c>).</summary>
    public int CodeChannels { get; init; } = 4;

    /// <summary>Latent channels (<c>embed_dim</c>).</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Latents are the code times this, so that their standard deviation is about 1.</summary>
    public double ScaleFactor { get; init; } = 0.18215;
}
