namespace HaloLab.Statistics;

/// <summary>Cohen's κ of two raters.</summary>
/// <param name="Kappa">1 is perfect agreement, 0 is chance; NaN where both raters know one category only.</param>
/// <param name="StandardError">Large-sample standard error (Fleiss, Cohen and Everitt 1969); NaN for weighted κ.</param>
/// <param name="Z">κ over its standard error under independence; NaN for weighted κ.</param>
/// <param name="Confusion">Items by the category of the first rater (row) and of the second (column).</param>
public sealed record CohenKappaResult(double Kappa, double StandardError, double Z, int[][] Confusion);
