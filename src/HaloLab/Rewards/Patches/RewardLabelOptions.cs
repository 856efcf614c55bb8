namespace HaloLab.Rewards.Patches;

/// <summary>Which labels of a store a reward model learns from, and how much each counts.</summary>
public sealed record RewardLabelOptions
{
    /// <summary>Dimensions of patch labels, as the store names them; null: the only one that there is.</summary>
    public IReadOnlyList<string>? PatchDimensions { get; init; }

    /// <summary>
    /// Dimensions of ratings and comparisons of whole clips: <c>NAME</c> where the backbone's reward has the same name or there is only one, else
    /// <c>REWARD=NAME</c>; null: those whose names agree.
    /// </summary>
    public IReadOnlyList<string>? VideoDimensions { get; init; }

    /// <summary>Annotators whose labels are used; null: all.</summary>
    public IReadOnlyList<string>? Annotators { get; init; }

    /// <summary>Weights of annotators' labels; 1 for those who are not named, 0 leaves an annotator out.</summary>
    public IReadOnlyDictionary<string, double> AnnotatorWeights { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether a label counts with its confidence, where it has one.</summary>
    public bool WeighsByConfidence { get; init; }
}
