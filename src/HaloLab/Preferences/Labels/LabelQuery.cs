using HaloLab.Videos;

namespace HaloLab.Preferences.Labels;

/// <summary>Which labels to read; whatever is null does not restrict.</summary>
public sealed record LabelQuery
{
    /// <summary>Everything that is current.</summary>
    public static LabelQuery All { get; } = new();

    /// <summary>A clip id; pairs are found by either of their clips.</summary>
    public string? Clip { get; init; }

    public string? Dimension { get; init; }

    public string? Annotator { get; init; }

    public PatchGrid? Grid { get; init; }

    /// <summary>Whether answers that a correction superseded are wanted too.</summary>
    public bool WithSuperseded { get; init; }
}
