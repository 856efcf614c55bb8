namespace HaloLab.Evaluation.Ratings;

/// <summary>When a pair may be called tied (τ of DESIGN D3): where the scorer is right too seldom.</summary>
/// <param name="Probability">The probability of being right that is asked for.</param>
/// <param name="Margin">The threshold: pairs whose scores differ by no more are tied. NaN where no margin reaches the probability.</param>
/// <param name="TiedShare">Share of the pairs that are tied, measured across folds.</param>
/// <param name="Accuracy">Share of the others in which the scorer prefers what people prefer, likewise; NaN where none is left.</param>
public sealed record TieThreshold(double Probability, double Margin, double TiedShare, double Accuracy);
