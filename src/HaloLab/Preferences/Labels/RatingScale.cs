using System.Globalization;

namespace HaloLab.Preferences.Labels;

/// <summary>The scale a value was given on: 1 to 5 in whole grades, 0 to 1 continuously, or 1 to 0 where less is better.</summary>
public readonly record struct RatingScale
{
    /// <param name="worst">The value that says "as bad as it gets".</param>
    /// <param name="best">The value that says "as good as it gets"; below <paramref name="worst"/> where less is better.</param>
    /// <param name="isWhole">Whether only whole numbers are on the scale.</param>
    /// <exception cref="InputException">The ends are equal or not finite, or not whole where the scale is.</exception>
    public RatingScale(double worst, double best, bool isWhole)
    {
        if (!double.IsFinite(worst) || !double.IsFinite(best) || worst == best || (isWhole && (worst != Math.Floor(worst) || best != Math.Floor(best))))
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"A scale from {worst} to {best}: expected two different finite numbers, whole ones for whole grades."));
        }

        (Worst, Best, IsWhole) = (worst, best, isWhole);
    }

    public double Worst { get; }

    public double Best { get; }

    public bool IsWhole { get; }

    /// <summary>The one scale of values that are to be used together; null where it has no ends, or there is no value.</summary>
    /// <param name="scales">The scale of each value.</param>
    /// <param name="source">Where the values come from, for a message.</param>
    /// <param name="judged">What was judged: <c>'local defect' was</c>.</param>
    /// <param name="advice">What to do, a sentence.</param>
    /// <exception cref="InputException">They are of different scales.</exception>
    public static RatingScale? OneOf(IEnumerable<RatingScale?> scales, string source, string judged, string advice)
    {
        RatingScale?[] distinct = [.. scales.Distinct()];
        return distinct.Length <= 1
            ? distinct.FirstOrDefault()
            : throw new InputException($"{source}: {judged} judged on different scales ({string.Join("; ", distinct.Select(scale => scale?.ToString() ?? "numbers without ends"))}). {advice}");
    }

    /// <summary>Whether a value can stand on this scale.</summary>
    public bool Holds(double value) => value >= Math.Min(Worst, Best) && value <= Math.Max(Worst, Best) && (!IsWhole || value == Math.Floor(value));

    /// <summary>For example <c>whole grades from 1 (worst) to 5 (best)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsWhole ? "whole grades" : "a number")} from {Worst} (worst) to {Best} (best)");
}
