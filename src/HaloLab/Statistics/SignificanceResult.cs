namespace HaloLab.Statistics;

/// <summary>What a significance test says.</summary>
/// <param name="Statistic">The statistic that the test documents; NaN where it is undefined.</param>
/// <param name="PValue">In [0, 1]; NaN where it is undefined.</param>
/// <param name="Count">How many values, pairs or disagreements it rests on.</param>
public readonly record struct SignificanceResult(double Statistic, double PValue, int Count);
