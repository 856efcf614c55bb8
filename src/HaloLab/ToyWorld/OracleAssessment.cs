using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>The oracle's verdict on every patch of a clip.</summary>
/// <param name="Grid">The cells; values are in the order time, row, column.</param>
/// <param name="Errors">Mean squared visible residual of each cell, pixels in 0 .. 1.</param>
/// <param name="Severities">0 (fine: nobody would notice) .. 1 (nothing in the cell is as it should be).</param>
public sealed record OracleAssessment(PatchGrid Grid, double[] Errors, double[] Severities)
{
    public double MeanSeverity => Severities.Average();

    public double WorstSeverity => Severities.Max();
}
