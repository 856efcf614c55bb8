namespace HaloLab.Generation;

/// <summary>How clips are sampled; the defaults are those of VideoCrafter2's own script at 320 × 512.</summary>
public sealed record SamplingSettings
{
    /// <summary>DDIM steps, 1 to 1000, best a divisor of 1000.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Guidance scale; 1 samples without the unconditional branch.</summary>
    public double Guidance { get; init; } = 12;

    /// <summary>Share of the random part of DDIM, 0 to 1.</summary>
    public double Eta { get; init; } = 1;

    /// <summary>Frames of a clip.</summary>
    public int Frames { get; init; } = 16;

    /// <summary>Height in pixels, a multiple of the autoencoder's stride × the U-Net's.</summary>
    public int Height { get; init; } = 320;

    /// <summary>Width in pixels, likewise.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Frames the autoencoder decodes at once; bounds the memory and changes nothing else.</summary>
    public int FramesDecodedAtOnce { get; init; } = 16;
}
