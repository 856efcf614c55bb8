using System.Globalization;
using HaloLab.Statistics;

namespace HaloLab.Evaluation.Defects;

/// <summary>Below which quality a patch is defective, and where that comes from (docs/defects.md).</summary>
/// <param name="Value">The level, in the units of the qualities.</param>
/// <param name="Origin">Where it comes from, in words.</param>
/// <param name="Sensitivity">Share of the patches that people call defective that lie below it; NaN where it does not come from people.</param>
/// <param name="Specificity">Share of the others that do not; NaN likewise.</param>
/// <param name="Separation">Probability that a patch that people call defective has a lower quality than another (area under the curve of both shares, ties half); NaN likewise.</param>
/// <param name="Patches">Patches that were compared; 0 likewise.</param>
public sealed record DefectLevel(double Value, string Origin, double Sensitivity = double.NaN, double Specificity = double.NaN, double Separation = double.NaN, int Patches = 0)
{
    /// <summary>A level that the user gives.</summary>
    public static DefectLevel Given(double value) => new(value, "given");

    /// <summary>The middle of a scale.</summary>
    /// <param name="worst">Its one end.</param>
    /// <param name="best">Its other end.</param>
    public static DefectLevel Middle(double worst, double best) => new((worst + best) / 2, string.Create(CultureInfo.InvariantCulture, $"the middle of the scale from {worst} to {best}"));

    /// <summary>
    /// The level that tells best what people call defective from the rest: sensitivity + specificity is greatest (Youden 1950), of several the lowest such level, half-way between two qualities that occur.
    /// </summary>
    /// <param name="qualities">A judge's qualities of patches, finite.</param>
    /// <param name="isDefective">What people say of the same patches.</param>
    /// <exception cref="InputException">People call none defective, or all.</exception>
    public static DefectLevel OfPeople(IReadOnlyList<double> qualities, IReadOnlyList<bool> isDefective)
    {
        ArgumentNullException.ThrowIfNull(qualities);
        ArgumentNullException.ThrowIfNull(isDefective);
        double[] defective = [.. qualities.Where((_, i) => isDefective[i])];
        double[] others = [.. qualities.Where((_, i) => !isDefective[i])];
        if (defective.Length == 0 || others.Length == 0)
        {
            throw new InputException($"People call {defective.Length} of {qualities.Count} patches defective: a level cannot be chosen by that. Expected some that are and some that are not, or --defect-below LEVEL.");
        }

        double[] sorted = [.. qualities.Distinct().Order()];
        (double Level, double Sensitivity, double Specificity) best = (sorted[0], 0, 1);
        for (int i = 1; i < sorted.Length; i++)
        {
            double level = sorted[i - 1] + ((sorted[i] - sorted[i - 1]) / 2);
            double sensitivity = (double)defective.Count(quality => quality < level) / defective.Length;
            double specificity = (double)others.Count(quality => quality >= level) / others.Length;
            if (sensitivity + specificity > best.Sensitivity + best.Specificity)
            {
                best = (level, sensitivity, specificity);
            }
        }

        double separation = MannWhitney.Test(others, defective, PValueMethod.Normal).Statistic / ((double)defective.Length * others.Length);
        return new DefectLevel(best.Level, "what people call defective", best.Sensitivity, best.Specificity, separation, qualities.Count);
    }
}
