namespace HaloLab.Videos;

/// <summary>What the byte values 0 and 255 become in a tensor of pixels.</summary>
public enum PixelRange
{
    /// <summary>−1 and 1: what VAEs take and give.</summary>
    MinusOneToOne,

    /// <summary>0 and 1: what most image encoders take before they normalise.</summary>
    ZeroToOne,
}
