namespace HaloLab.Models.Clip;

/// <summary>
/// Pictures as CLIP takes them. Four ways are in use, and they differ by up to 0.9 in normalised units, so each user of CLIP names its own. The first three bring
/// the smaller side to the model's size, keep the ratio of the sides, and cut out the middle.
/// </summary>
public enum ClipPixels
{
    /// <summary>OpenAI's: Pillow's bicubic, which smooths where it shrinks and rounds to whole grey levels.</summary>
    Pillow,

    /// <summary>VBench's for whole videos: bicubic without smoothing, without rounding.</summary>
    Unrounded,

    /// <summary>VBench's for ViCLIP: bicubic without smoothing, then cut to 0 to 255 and rounded.</summary>
    Rounded,

    /// <summary>T2V-Turbo's rewards: smoothing bicubic straight to a square, whatever the ratio.</summary>
    Square,
}
