namespace HaloLab.Statistics;

/// <summary>What a t test says.</summary>
/// <param name="T">The statistic; infinite where the spread is zero and the difference is not, NaN where both are.</param>
/// <param name="DegreesOfFreedom">Not whole for Welch's test.</param>
/// <param name="PValue">NaN where it is undefined.</param>
/// <param name="Difference">The mean difference with its two-sided interval.</param>
public readonly record struct TTestResult(double T, double DegreesOfFreedom, double PValue, Interval Difference);
