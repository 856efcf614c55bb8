namespace HaloLab.Distillation;

/// <summary>What came of a run of comparisons: <c>report.json</c>.</summary>
public sealed record PairSummary
{
    /// <summary>Whether every pair of the plan is in it.</summary>
    public required bool IsWhole { get; init; }

    public required int Pairs { get; init; }

    public required IReadOnlyList<RefusedClip> RefusedClips { get; init; }

    /// <summary>Rows of <c>comparisons.jsonl</c>.</summary>
    public required int Labels { get; init; }

    /// <summary>Those without a choice: refused in either order.</summary>
    public required int Refused { get; init; }

    /// <summary>Requests without a usable answer after all attempts: run the same command again to ask them again.</summary>
    public required int Unanswered { get; init; }

    public required IReadOnlyList<OrderConsistency> Orders { get; init; }

    /// <summary>Dollars charged over all runs in this folder.</summary>
    public required decimal Dollars { get; init; }

    /// <summary>Attempts over all runs in this folder by how they ended.</summary>
    public required IReadOnlyDictionary<string, long> Attempts { get; init; }
}
