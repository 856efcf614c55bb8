namespace HaloLab.Preferences;

/// <summary>The rules of <see cref="PairBuilder"/>.</summary>
public sealed record PairBuilderOptions
{
    /// <summary>Which clips may form a pair. Default any.</summary>
    public PairLayout Layout { get; init; }

    /// <summary>Video rewards that differ by no more are tied, at least 0. Default 0.</summary>
    public double VideoMargin { get; init; }

    /// <summary>Patch rewards that differ by no more are tied, at least 0. Default 0.</summary>
    public double PatchMargin { get; init; }

    /// <summary>Whether a pair that is tied as a whole is kept for its patches. Default yes.</summary>
    public bool KeepTiedVideos { get; init; } = true;

    /// <summary>At most so many pairs per prompt, those with the largest difference of video rewards first; at least 1. Default: all.</summary>
    public int MaximumPerPrompt { get; init; } = int.MaxValue;

    /// <summary>Written into every pair. Default empty.</summary>
    public string Provenance { get; init; } = "";
}
