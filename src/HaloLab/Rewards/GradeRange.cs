using System.Text.Json.Serialization;

namespace HaloLab.Rewards;

/// <summary>A scale of whole grades, for example 1 to 5.</summary>
public readonly record struct GradeRange
{
    /// <param name="worst">The lowest grade.</param>
    /// <param name="best">The highest grade, above <paramref name="worst"/>.</param>
    [JsonConstructor]
    public GradeRange(int worst, int best)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(best, worst);
        Worst = worst;
        Best = best;
    }

    public int Worst { get; }

    public int Best { get; }
}
