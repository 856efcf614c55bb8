namespace HaloLab.Statistics;

/// <summary>How a claim is judged, declared before the run (DESIGN D7).</summary>
/// <param name="Threshold">In the measure's unit.</param>
/// <param name="Direction">On which side of it the measure is claimed to be.</param>
public readonly record struct ClaimRule(double Threshold, ClaimDirection Direction)
{
    /// <summary>
    /// Non-inferiority: the difference (new − reference) of a measure is not worse than zero by <paramref name="margin"/> or more.
    /// </summary>
    /// <param name="margin">The loss that would be too large, ≥ 0, in the measure's unit, fixed before the run.</param>
    /// <param name="better">Above where a greater measure is better, Below where a smaller one is.</param>
    public static ClaimRule NonInferior(double margin, ClaimDirection better = ClaimDirection.Above)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(margin);
        return better == ClaimDirection.Above ? new ClaimRule(-margin, better) : new ClaimRule(margin, better);
    }

    /// <summary>
    /// Shown when the whole interval lies strictly beyond the threshold, contradicted when it lies strictly before it.
    /// </summary>
    /// <param name="interval">Null where the data were not made: not run. An undefined interval shows nothing.</param>
    public Verdict Judge(Interval? interval)
    {
        if (interval is not { } given)
        {
            return Verdict.NotRun;
        }

        if (!given.IsDefined || double.IsNaN(Threshold))
        {
            return Verdict.NotShown;
        }

        bool above = given.Low > Threshold;
        bool below = given.High < Threshold;
        return (Direction == ClaimDirection.Above ? (above, below) : (below, above)) switch
        {
            (true, _) => Verdict.Shown,
            (_, true) => Verdict.Contradicted,
            _ => Verdict.NotShown,
        };
    }

    /// <summary>One claim of a family: its verdict stands only if its p-value, corrected for the whole family, is small enough; else not shown.</summary>
    /// <param name="interval">As for <see cref="Judge(Interval?)"/>.</param>
    /// <param name="correctedP">Two-sided p-value against the threshold, corrected (<see cref="MultipleComparisons.Holm"/>); NaN shows nothing.</param>
    /// <param name="alpha">Largest corrected p-value with which something is shown or contradicted, in (0, 1).</param>
    public Verdict Judge(Interval? interval, double correctedP, double alpha)
    {
        Verdict alone = Judge(interval);
        return alone is Verdict.Shown or Verdict.Contradicted && !(correctedP <= alpha) ? Verdict.NotShown : alone;
    }

    /// <summary>
    /// A claim that needs several comparisons to hold, each judged at the full level: contradicted if one is, else not run if one is, else
    /// shown only if all are. No comparison at all is not run.
    /// </summary>
    public static Verdict All(params ReadOnlySpan<Verdict> verdicts)
    {
        bool allShown = !verdicts.ContainsAnyExcept(Verdict.Shown);
        return verdicts.Contains(Verdict.Contradicted) ? Verdict.Contradicted
            : verdicts.IsEmpty || verdicts.Contains(Verdict.NotRun) ? Verdict.NotRun
            : allShown ? Verdict.Shown
            : Verdict.NotShown;
    }
}
