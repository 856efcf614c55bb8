namespace HaloLab.Displays;

/// <summary>One line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="X">Rising.</param>
/// <param name="Y">As many; NaN breaks the line.</param>
/// <param name="Low">Lower edge of a band around the line, or null.</param>
/// <param name="High">Upper edge, given when <paramref name="Low"/> is.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, IReadOnlyList<double>? Low = null, IReadOnlyList<double>? High = null)
{
    internal void Check()
    {
        if (Y.Count != X.Count || (Low is null) != (High is null) || (Low?.Count ?? X.Count) != X.Count || (High?.Count ?? X.Count) != X.Count)
        {
            throw new ArgumentException($"Series '{Name}': x, y, low and high must have one length.");
        }
    }
}
