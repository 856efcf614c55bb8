namespace HaloLab.Statistics;

/// <summary>A correlation coefficient.</summary>
/// <param name="Estimate">In [−1, 1]; NaN where it is undefined.</param>
/// <param name="PValue">Two-sided, against no association; NaN where it is undefined.</param>
/// <param name="Count">Number of pairs.</param>
public readonly record struct CorrelationResult(double Estimate, double PValue, int Count);
