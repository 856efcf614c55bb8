using HaloLab.Preferences.Labels;

namespace HaloLab.Annotation;

/// <summary>What an annotator says to one question about a patch or a video.</summary>
public sealed record Answer
{
    /// <summary>1 (worst) to 5.</summary>
    public int? Grade { get; init; }

    /// <summary>Kind of defect.</summary>
    public DefectType? Defect { get; init; }

    /// <summary>Which of two is better, as shown.</summary>
    public Side? Choice { get; init; }

    /// <summary>Looked at, and it cannot be told.</summary>
    public bool CannotTell { get; init; }

    /// <summary>Whether the question is answered: a kind of defect alone still lacks its grade.</summary>
    internal bool IsWhole => Grade is not null || Choice is not null || CannotTell;

    /// <summary>Whether nothing is said: an answer that was taken back.</summary>
    internal bool IsEmpty => !IsWhole && Defect is null;
}
