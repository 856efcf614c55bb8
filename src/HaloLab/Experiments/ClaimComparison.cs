using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>One comparison of a claim: an estimate with an interval, held against a threshold.</summary>
/// <param name="Measure">What is compared.</param>
/// <param name="Unit">What the interval resamples.</param>
/// <param name="Estimate">The estimate.</param>
/// <param name="CiLow">Lower end of the interval.</param>
/// <param name="CiHigh">Upper end of the interval.</param>
/// <param name="Level">Level of the interval.</param>
/// <param name="N">Number of units.</param>
/// <param name="Seeds">Number of seeds.</param>
/// <param name="Threshold">What the interval is held against.</param>
/// <param name="Direction">On which side of the threshold the interval must lie.</param>
/// <param name="Verdict">Computed from interval, threshold and direction.</param>
/// <param name="Mde">Smallest difference from the threshold that could have been shown with power 0.8.</param>
public sealed record ClaimComparison(
    string Measure,
    string Unit,
    double Estimate,
    double CiLow,
    double CiHigh,
    double Level,
    int N,
    int Seeds,
    double Threshold,
    ClaimDirection Direction,
    Verdict Verdict,
    double Mde)
{
    /// <summary>How far the unfavourable end of the interval is on the right side, in widths of the interval; below 0 on the wrong side.</summary>
    internal double Slack
    {
        get
        {
            double width = Math.Max(CiHigh - CiLow, 1e-12);
            double slack = Direction == ClaimDirection.Above ? (CiLow - Threshold) / width : (Threshold - CiHigh) / width;
            return double.IsNaN(slack) ? double.NegativeInfinity : slack;
        }
    }
}
