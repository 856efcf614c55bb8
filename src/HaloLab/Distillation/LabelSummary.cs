namespace HaloLab.Distillation;

/// <summary>What came of a run of labelling: <c>report.json</c>.</summary>
public sealed record LabelSummary
{
    /// <summary>Whether every clip of the plan is in it.</summary>
    public required bool IsWhole { get; init; }

    public required int Clips { get; init; }

    public required IReadOnlyList<RefusedClip> RefusedClips { get; init; }

    /// <summary>Rows of <c>labels.jsonl</c>: graded and refused.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Requests without a usable answer after all attempts: run the same command again to ask them again.</summary>
    public required int Unanswered { get; init; }

    /// <summary>The snapshots that answered; one, unless the teacher is simulated.</summary>
    public required IReadOnlyList<string> Annotators { get; init; }

    /// <summary>Agreement with itself on patches that one request showed twice.</summary>
    public required IReadOnlyList<SelfAgreement> OnDuplicates { get; init; }

    /// <summary>Agreement with itself on clips that were graded twice.</summary>
    public required IReadOnlyList<SelfAgreement> OnRepeats { get; init; }

    /// <summary>Dollars charged over all runs in this folder.</summary>
    public required decimal Dollars { get; init; }

    /// <summary>Attempts over all runs in this folder by how they ended.</summary>
    public required IReadOnlyDictionary<string, long> Attempts { get; init; }
}
