namespace HaloLab.Statistics;

/// <summary>From a score to the probability that was fitted to it.</summary>
public interface ICalibration
{
    /// <summary>The probability at a score.</summary>
    double Probability(double score);
}
