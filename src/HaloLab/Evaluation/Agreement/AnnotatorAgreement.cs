using HaloLab.Statistics;

namespace HaloLab.Evaluation.Agreement;

/// <summary>
/// How annotators agree in one table of ratings. Intervals are bootstrap intervals at 95 % over prompts (clips where no prompt is known), which are the
/// independent units: all patches of all clips of a prompt are drawn together. BCa, or percentile where that is undefined.
/// </summary>
public sealed class AnnotatorAgreement
{
    /// <summary>So few clusters make no interval.</summary>
    public const int FewestClusters = 5;

    private const double Level = 0.95;

    private readonly string[] _clusters;
    private readonly int[] _clusterOfUnit;
    private readonly int[][] _resamples;

    /// <param name="table">The ratings, of at least two annotators.</param>
    /// <param name="seed">Seed of the resamples.</param>
    public AnnotatorAgreement(RatingTable table, long seed)
    {
        ArgumentNullException.ThrowIfNull(table);
        Table = table;
        _clusters = [.. table.Units.Select(unit => unit.Cluster).Distinct().Order(StringComparer.Ordinal)];
        _clusterOfUnit = [.. table.Units.Select(unit => Array.BinarySearch(_clusters, unit.Cluster, StringComparer.Ordinal))];
        _resamples = _clusters.Length < FewestClusters ? [] : Bootstrap.Resamples(_clusters.Length, new RandomStream(seed, $"agreement/{table.Title}"));
        Alpha = IntervalOf(AlphaOf(_ => true));
        Pairs = [.. table.Annotators.SelectMany((_, i) => Enumerable.Range(i + 1, table.Annotators.Count - i - 1).Select(j => PairOf(i, j))).OfType<PairAgreement>()];
        Habits = [.. table.Annotators.Select((_, i) => HabitOf(i))];
        int[] cells = [.. Enumerable.Range(0, table.Grid?.Count ?? 0)];
        AlphaOfCells = [.. cells.Select(cell => IntervalOf(AlphaOf(unit => unit.Cell == cell)))];
        DisagreementOfCells = IsOrdered ? [.. cells.Select(MeanDisagreement)] : [];
        Ceilings = [.. CeilingsOf()];
        Repeats = [.. table.Annotators.Select(RepeatsOf).OfType<SelfRepeats>()];
    }

    public RatingTable Table { get; }

    /// <summary>Prompts, or clips where no prompt is known.</summary>
    public int Clusters => _clusters.Length;

    /// <summary>Krippendorff's α of everyone.</summary>
    public Interval Alpha { get; }

    /// <summary>Every two annotators that rated something in common; empty for scores, which are no categories.</summary>
    public IReadOnlyList<PairAgreement> Pairs { get; }

    public IReadOnlyList<AnnotatorHabit> Habits { get; }

    /// <summary>Krippendorff's α at each place of the grid, over clips; empty for whole videos.</summary>
    public IReadOnlyList<Interval> AlphaOfCells { get; }

    /// <summary>Mean difference of two annotators' ratings at each place of the grid; empty for whole videos and for kinds of defects.</summary>
    public IReadOnlyList<double> DisagreementOfCells { get; }

    /// <summary>What a model can be expected to reach; empty for kinds of defects.</summary>
    public IReadOnlyList<CeilingMeasure> Ceilings { get; }

    /// <summary>Annotators that were asked something again.</summary>
    public IReadOnlyList<SelfRepeats> Repeats { get; }

    /// <summary>The units that annotators disagree about most, the worst first.</summary>
    public IReadOnlyList<RatedUnit> Disputed(int count) =>
        [.. Table.Units.Where(unit => unit.Disagreement > 0).OrderByDescending(unit => unit.Disagreement).ThenBy(unit => unit.Clip, StringComparer.Ordinal).ThenBy(unit => unit.Cell).Take(count)];

    private bool IsOrdered => Table.Kind != RatingKind.Defect;

    private Interval IntervalOf(PromptStatistic statistic)
    {
        if (_resamples.Length == 0)
        {
            return Interval.Undefined(Level, statistic.Estimate());
        }

        BootstrapResult result = Bootstrap.Run(statistic.Prompts, statistic.Of, _resamples, Level);
        return result.Bca.IsDefined ? result.Bca : result.Percentile;
    }

    private PromptStatistic AlphaOf(Func<RatedUnit, bool> isWanted, Func<double[], double[]>? ratings = null)
    {
        List<double[]>[] units = [.. _clusters.Select(_ => new List<double[]>())];
        for (int i = 0; i < Table.Units.Count; i++)
        {
            if (isWanted(Table.Units[i]))
            {
                units[_clusterOfUnit[i]].Add(ratings is null ? Table.Units[i].Ratings : ratings(Table.Units[i].Ratings));
            }
        }

        return PromptStatistic.Alpha([.. units.Select(own => CoincidenceMatrix.Of(own, Table.Values))], Table.Level);
    }

    private PairAgreement? PairOf(int first, int second)
    {
        if (Table.Kind == RatingKind.Score)
        {
            return null;
        }

        int count = Table.Values.Count;
        double[] values = [.. Table.Values];
        int[][][] confusions = [.. _clusters.Select(_ => Enumerable.Range(0, count).Select(_ => new int[count]).ToArray())];
        int units = 0;
        int same = 0;
        for (int i = 0; i < Table.Units.Count; i++)
        {
            (double one, double other) = (Table.Units[i].Ratings[first], Table.Units[i].Ratings[second]);
            if (!double.IsNaN(one) && !double.IsNaN(other))
            {
                units++;
                same += one == other ? 1 : 0;
                confusions[_clusterOfUnit[i]][Array.BinarySearch(values, one)][Array.BinarySearch(values, other)]++;
            }
        }

        KappaWeights weights = IsOrdered ? KappaWeights.Quadratic : KappaWeights.None;
        return units == 0 ? null : new PairAgreement(Table.Annotators[first], Table.Annotators[second], units, (double)same / units, IntervalOf(PromptStatistic.Kappa(confusions, weights)));
    }

    private AnnotatorHabit HabitOf(int annotator)
    {
        double[] sums = new double[_clusters.Length];
        double[] counts = new double[_clusters.Length];
        double[] ofCell = new double[Table.Grid?.Count ?? 0];
        int[] countOfCell = new int[ofCell.Length];
        for (int i = 0; i < Table.Units.Count; i++)
        {
            if (Difference(Table.Units[i].Ratings, annotator) is { } difference)
            {
                sums[_clusterOfUnit[i]] += difference;
                counts[_clusterOfUnit[i]]++;
                if (Table.Units[i].Cell is { } cell)
                {
                    ofCell[cell] += Math.Abs(difference);
                    countOfCell[cell]++;
                }
            }
        }

        return new AnnotatorHabit(
            Table.Annotators[annotator],
            Table.Units.Count(unit => !double.IsNaN(unit.Ratings[annotator])),
            IsOrdered ? IntervalOf(PromptStatistic.Ratio(sums, counts)) : Interval.Undefined(Level),
            AlphaOf(_ => true, ratings => [.. ratings.Where((_, i) => i != annotator)]).Estimate(),
            IsOrdered ? [.. ofCell.Select((sum, cell) => countOfCell[cell] == 0 ? double.NaN : sum / countOfCell[cell])] : []);
    }

    /// <summary>Own rating less the mean of the others', or null where either is missing.</summary>
    private static double? Difference(double[] ratings, int annotator)
    {
        double[] others = [.. ratings.Where((rating, i) => i != annotator && !double.IsNaN(rating))];
        return double.IsNaN(ratings[annotator]) || others.Length == 0 ? null : ratings[annotator] - others.Average();
    }

    private double MeanDisagreement(int cell)
    {
        double[] values = [.. Table.Units.Where(unit => unit.Cell == cell && unit.Ratings.Count(rating => !double.IsNaN(rating)) > 1).Select(unit => unit.Disagreement)];
        return values.Length == 0 ? double.NaN : values.Average();
    }

    private IEnumerable<CeilingMeasure> CeilingsOf()
    {
        if (Table.Kind == RatingKind.Choice)
        {
            yield return new CeilingMeasure("share of pairs with a preference of the others in which one annotator has the same (no preference counts half)", IntervalOf(ChoiceCeiling()));
        }
        else if (IsOrdered)
        {
            (IReadOnlyList<IReadOnlyList<double[]>> annotators, int[] promptOfClip) = ByClip();
            if (Table.Grid is null)
            {
                yield return new CeilingMeasure("Spearman's correlation over clips", IntervalOf(HumanAgreement.Ceiling(HumanAgreement.PooledSpearman, annotators, promptOfClip)));
            }
            else
            {
                yield return new CeilingMeasure("Spearman's correlation over the patches of a clip", IntervalOf(HumanAgreement.Ceiling(HumanAgreement.WithinClipSpearman, annotators, promptOfClip)));
                yield return new CeilingMeasure("Kendall's τ-b over the patches of a clip", IntervalOf(HumanAgreement.Ceiling(HumanAgreement.WithinClipKendall, annotators, promptOfClip)));
                yield return new CeilingMeasure("Spearman's correlation over all patches", IntervalOf(HumanAgreement.Ceiling(HumanAgreement.PooledSpearman, annotators, promptOfClip)));
            }

            yield return new CeilingMeasure(
                $"share of {(Table.Grid is null ? "pairs of clips of a prompt" : "patches in pairs of clips of a prompt")} ordered as the others do (a tie counts half)",
                IntervalOf(HumanAgreement.Ceiling((scores, reference, prompts) => HumanAgreement.SamePlaceAccuracy(scores, reference, prompts), annotators, promptOfClip)));
        }
    }

    private PromptStatistic ChoiceCeiling()
    {
        double[] right = new double[_clusters.Length];
        double[] counts = new double[_clusters.Length];
        for (int i = 0; i < Table.Units.Count; i++)
        {
            double[] ratings = Table.Units[i].Ratings;
            for (int annotator = 0; annotator < ratings.Length; annotator++)
            {
                if (Difference(ratings, annotator) is { } difference && ratings[annotator] - difference is var others && Math.Abs(others) > 1e-9)
                {
                    counts[_clusterOfUnit[i]]++;
                    right[_clusterOfUnit[i]] += ratings[annotator] == 0 ? 0.5 : Math.Sign(ratings[annotator]) == Math.Sign(others) ? 1 : 0;
                }
            }
        }

        return PromptStatistic.Ratio(right, counts);
    }

    /// <summary>Each annotator's ratings as [clip][cell], annotators that share nothing with anyone left out.</summary>
    private (IReadOnlyList<IReadOnlyList<double[]>> Annotators, int[] PromptOfClip) ByClip()
    {
        (string Clip, string Cluster)[] clips = [.. Table.Units.Select(unit => (unit.Clip, unit.Cluster)).Distinct()];
        Dictionary<(string, string), int> place = clips.Select((clip, i) => (clip, i)).ToDictionary(pair => pair.clip, pair => pair.i);
        int cells = Table.Grid?.Count ?? 1;
        double[][][] grades = [.. Table.Annotators.Select(_ => clips.Select(_ => Enumerable.Repeat(double.NaN, cells).ToArray()).ToArray())];
        foreach (RatedUnit unit in Table.Units)
        {
            for (int annotator = 0; annotator < grades.Length; annotator++)
            {
                grades[annotator][place[(unit.Clip, unit.Cluster)]][unit.Cell ?? 0] = unit.Ratings[annotator];
            }
        }

        IReadOnlyList<double[]>[] sharing = [.. grades.Where((_, annotator) => Table.Units.Any(unit => Difference(unit.Ratings, annotator) is not null))];
        return (sharing.Length > 1 ? sharing : grades, [.. clips.Select(clip => Array.BinarySearch(_clusters, clip.Cluster, StringComparer.Ordinal))]);
    }

    private SelfRepeats? RepeatsOf(string annotator)
    {
        double[][] pairs = [.. Table.Repeats.Where(repeat => repeat.Annotator == annotator).Select(repeat => new[] { repeat.First, repeat.Second })];
        return pairs.Length == 0 ? null : new SelfRepeats(annotator, pairs.Length, pairs.Average(pair => pair[0] == pair[1] ? 1.0 : 0.0), KrippendorffAlpha.Compute(pairs, Table.Level));
    }
}
