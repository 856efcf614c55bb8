namespace HaloLab.Videos;

/// <summary>How values between pixels are found.</summary>
public enum ResizeFilter
{
    /// <summary>Along straight lines between neighbours.</summary>
    Bilinear,

    /// <summary>Along cubics through four neighbours.</summary>
    Bicubic,
}
