using Microsoft.Extensions.AI;

namespace HaloLab.Distillation;

/// <summary>How much of a clip the teacher is shown, which decides what a question costs.</summary>
public sealed record TeacherView
{
    /// <summary>Default crops.</summary>
    public PatchView Patches { get; init; } = PatchView.Crops;

    /// <summary>Patches asked about in one request, at least 1. Default 16.</summary>
    public int PatchesPerRequest { get; init; } = 16;

    /// <summary>Whole frames shown with the crops, at least 1; no more than the clip has. Default 8.</summary>
    public int ContextFrames { get; init; } = 8;

    /// <summary>Frames of a patch that are shown, at least 1; no more than it has. Default 4.</summary>
    public int CropsPerPatch { get; init; } = 4;

    /// <summary>Longer side of every picture in pixels, 64 .. 2048. Default 512: what a picture of low detail is brought to by the service.</summary>
    public int LongestSide { get; init; } = 512;

    /// <summary>Whether pictures are looked at in tiles of 512 pixels, at the price of tiles. Default no.</summary>
    public bool IsHighDetail { get; init; }

    /// <summary>Pixels of the height and width that one latent element of the generator's VAE covers: where cells are cut (DESIGN D1). Default 1.</summary>
    public int SpatialStride { get; init; } = 1;

    /// <summary>Frames that one latent frame of the generator's VAE covers. Default 1.</summary>
    public int TemporalStride { get; init; } = 1;

    /// <summary>A PNG as it goes into a question.</summary>
    internal DataContent Picture(byte[] png) => new(png, "image/png") { AdditionalProperties = new AdditionalPropertiesDictionary { ["detail"] = IsHighDetail ? "high" : "low" } };

    /// <exception cref="InputException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(PatchesPerRequest >= 1, $"{PatchesPerRequest} patches a request", "at least 1");
        Require(ContextFrames >= 1, $"{ContextFrames} context frames", "at least 1");
        Require(CropsPerPatch >= 1, $"{CropsPerPatch} crops per patch", "at least 1");
        Require(LongestSide is >= 64 and <= 2048, $"pictures of {LongestSide} pixels", "64 to 2048");
        Require(SpatialStride >= 1 && TemporalStride >= 1, $"strides of {TemporalStride}x{SpatialStride}", "at least 1x1");
    }

    private static void Require(bool holds, string given, string expected)
    {
        if (!holds)
        {
            throw new InputException($"The teacher cannot be shown {given}: expected {expected}.");
        }
    }
}
