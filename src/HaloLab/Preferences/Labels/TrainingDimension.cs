namespace HaloLab.Preferences.Labels;

/// <summary>
/// Answers to items by which annotators are trained stand in dimensions of their own, <c>training: local defect</c> beside <c>local defect</c>, so that they
/// are never taken for labels.
/// </summary>
public static class TrainingDimension
{
    private const string Prefix = "training: ";

    /// <summary>The dimension in which answers of training stand.</summary>
    public static string Of(string dimension) => Prefix + dimension;

    public static bool Is(string dimension)
    {
        ArgumentNullException.ThrowIfNull(dimension);
        return dimension.StartsWith(Prefix, StringComparison.Ordinal);
    }
}
