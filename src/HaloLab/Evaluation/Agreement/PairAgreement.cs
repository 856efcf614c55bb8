using HaloLab.Statistics;

namespace HaloLab.Evaluation.Agreement;

/// <summary>How two annotators agree.</summary>
/// <param name="First">One annotator.</param>
/// <param name="Second">The other.</param>
/// <param name="Units">What both rated.</param>
/// <param name="Same">Share of it with the same rating.</param>
/// <param name="Kappa">Cohen's κ, with quadratic weights where ratings are ordered.</param>
public sealed record PairAgreement(string First, string Second, int Units, double Same, Interval Kappa);
