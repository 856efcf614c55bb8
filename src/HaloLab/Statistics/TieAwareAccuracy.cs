namespace HaloLab.Statistics;

/// <summary>Pairwise accuracy with ties at the threshold that serves it best.</summary>
/// <param name="Accuracy">Share of pairs called correctly, in [0, 1]; NaN where there is no pair.</param>
/// <param name="Threshold">Score differences up to this size are called ties.</param>
public readonly record struct TieAwareAccuracy(double Accuracy, double Threshold);
