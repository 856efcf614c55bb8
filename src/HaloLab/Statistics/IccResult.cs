namespace HaloLab.Statistics;

/// <summary>An intraclass correlation with its F test against zero.</summary>
/// <param name="Icc">Estimate and interval; the estimate may be negative.</param>
/// <param name="F">Ratio of mean squares.</param>
/// <param name="NumeratorDegrees">Targets − 1.</param>
/// <param name="DenominatorDegrees">Of the mean square in the denominator.</param>
/// <param name="PValue">Upper tail of F.</param>
public readonly record struct IccResult(Interval Icc, double F, int NumeratorDegrees, int DenominatorDegrees, double PValue);
