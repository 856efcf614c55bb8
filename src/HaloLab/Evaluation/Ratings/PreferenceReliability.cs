using HaloLab.Statistics;

namespace HaloLab.Evaluation.Ratings;

/// <summary>How well probabilities of people's preferences are calibrated.</summary>
/// <param name="Method">How they were made.</param>
/// <param name="Brier">Mean squared distance of probability and preference; a coin has 0.25.</param>
/// <param name="EqualWidth">Bins of equal width.</param>
/// <param name="EqualMass">Bins of as many pairs each.</param>
public sealed record PreferenceReliability(string Method, double Brier, CalibrationBins EqualWidth, CalibrationBins EqualMass);
