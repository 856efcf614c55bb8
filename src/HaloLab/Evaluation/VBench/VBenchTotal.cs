namespace HaloLab.Evaluation.VBench;

/// <summary>
/// VBench's quality, semantic and total score. Its own script takes a missing dimension for 0, which lowers the total without a word; here what
/// needs a missing dimension is missing.
/// </summary>
/// <param name="Quality">Weighted mean of the quality dimensions, NaN where one is missing.</param>
/// <param name="Semantic">Weighted mean of the semantic dimensions, NaN where one is missing.</param>
/// <param name="Missing">Names of the dimensions without a value.</param>
public sealed record VBenchTotal(double Quality, double Semantic, IReadOnlyList<string> Missing)
{
    private const double QualityWeight = 4;
    private const double SemanticWeight = 1;

    /// <summary>Four parts quality and one part semantics.</summary>
    public double Total => ((QualityWeight * Quality) + (SemanticWeight * Semantic)) / (QualityWeight + SemanticWeight);

    /// <param name="values">Values by the names of <see cref="VBenchDimension.All"/>; those that are not there, or NaN, are missing.</param>
    /// <exception cref="InputException">A name is no dimension.</exception>
    public static VBenchTotal Of(IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        string? unknown = values.Keys.FirstOrDefault(name => VBenchDimension.All.All(dimension => dimension.Name != name));
        if (unknown is not null)
        {
            throw new InputException($"'{unknown}' is no dimension of VBench. Its dimensions are {string.Join(", ", VBenchDimension.All.Select(dimension => dimension.Name))}.");
        }

        double Value(VBenchDimension dimension) => values.TryGetValue(dimension.Name, out double value) ? value : double.NaN;
        double Mean(bool isQuality)
        {
            VBenchDimension[] dimensions = [.. VBenchDimension.All.Where(dimension => dimension.IsQuality == isQuality)];
            return dimensions.Sum(dimension => dimension.Weight * dimension.Normalise(Value(dimension))) / dimensions.Sum(dimension => dimension.Weight);
        }

        return new VBenchTotal(Mean(isQuality: true), Mean(isQuality: false), [.. VBenchDimension.All.Where(dimension => double.IsNaN(Value(dimension))).Select(dimension => dimension.Name)]);
    }
}
