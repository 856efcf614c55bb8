using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>How one score of a model differs from that of another on the prompts of both.</summary>
/// <param name="Scorer">The scorer.</param>
/// <param name="Metric">Scorer and score.</param>
/// <param name="First">The model that is held against.</param>
/// <param name="Second">The model that is held.</param>
/// <param name="Prompts">Prompts that both have.</param>
/// <param name="Difference">Second minus first, mean over prompts, 95 % BCa interval over prompts; undefined with fewer than two.</param>
/// <param name="Detectable">Smallest true difference that a t test over as many prompts would have shown with power 0.8; NaN with fewer than two.</param>
/// <param name="PValue">Two-sided sign-flip test over prompts, not corrected; NaN with fewer than two.</param>
/// <param name="Wins">Prompts on which the second is higher.</param>
/// <param name="Ties">Prompts on which both are equal.</param>
/// <param name="WinRate">Share of prompts on which the second is higher, ties counting half, with its interval.</param>
public sealed record ModelDifference(string Scorer, string Metric, int First, int Second, int Prompts, Interval Difference, double Detectable, double PValue, int Wins, int Ties, Interval WinRate)
{
    /// <summary>Prompts on which the second is lower.</summary>
    public int Losses => Prompts - Wins - Ties;
}
