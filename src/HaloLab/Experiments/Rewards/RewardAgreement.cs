using HaloLab.Evaluation;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;

namespace HaloLab.Experiments.Rewards;

/// <summary>How well rewards agree with labels: patch rewards with grades of patches, video rewards with comparisons and ratings of clips.</summary>
internal sealed class RewardAgreement
{
    private readonly RewardLabels _labels;
    private readonly int[] _clips;
    private readonly Dictionary<int, ClipEvaluation> _evaluations;
    private readonly Dictionary<string, int> _prompts;

    /// <param name="labels">Labels of the clips that are judged on.</param>
    /// <param name="grid">The grid of the evaluations' patches; grades on others are left out.</param>
    /// <param name="evaluations">What the model says of them, and perhaps of others.</param>
    public RewardAgreement(RewardLabels labels, PatchGrid? grid, IEnumerable<ClipEvaluation> evaluations)
    {
        (_labels, Grid) = (labels, grid);
        _evaluations = evaluations.ToDictionary(item => item.Clip);
        _clips = [.. labels.Patches.Where(grade => grade.Grid == grid).Select(grade => grade.Clip).Distinct().Order()];
        string[] prompts = [.. labels.Patches.Select(grade => grade.Clip).Concat(labels.Ratings.Select(rating => rating.Clip)).Concat(labels.Comparisons.Select(pair => pair.A))
            .Select(clip => labels.Clips[clip].Prompt).Distinct().Order(StringComparer.Ordinal)];
        _prompts = prompts.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
    }

    public PatchGrid? Grid { get; }

    /// <summary>The grid that most patches were graded on, null without any grade; of equal ones the first by name.</summary>
    public static PatchGrid? MainGrid(RewardLabels labels) => labels.Patches.Count == 0
        ? null
        : labels.Patches.CountBy(grade => grade.Grid).OrderByDescending(item => item.Value).ThenBy(item => item.Key.ToString(), StringComparer.Ordinal).First().Key;

    /// <summary>Number of clips with graded patches.</summary>
    public int GradedClips => _clips.Length;

    /// <summary>Agreement of patch rewards with grades, the mean over dimensions; null where no dimension has a grade.</summary>
    public PromptStatistic? Patches(HumanAgreement.Measure measure)
    {
        PromptStatistic[] ofDimensions = [.. Enumerable.Range(0, _labels.PatchDimensions.Count).Select(d => OfDimension(measure, d)).OfType<PromptStatistic>()];
        return ofDimensions.Length == 0 ? null : PromptStatistic.Mean(ofDimensions);
    }

    /// <summary>Comparisons in one dimension with what the rewards say: +1 where A is preferred, −1 where B is, 0 for a tie; reward of A minus reward of B.</summary>
    public (int[] Human, double[] Difference, int[] Prompt) Pairs(int dimension)
    {
        (int A, int B, int Human)[] pairs =
        [
            .. _labels.Comparisons.Where(pair => pair.Dimension == dimension).GroupBy(pair => (pair.A, pair.B)).OrderBy(group => group.Key)
                .Select(group => (group.Key.A, group.Key.B, Preference(group))),
        ];
        return (
            [.. pairs.Select(pair => pair.Human)],
            [.. pairs.Select(pair => _evaluations[pair.A].Rewards[dimension] - _evaluations[pair.B].Rewards[dimension])],
            [.. pairs.Select(pair => PromptOf(pair.A))]);
    }

    /// <summary>Share of untied comparisons that the rewards call right (a difference of 0 is wrong); null without one.</summary>
    public PromptStatistic? AccuracyWithoutTies(int dimension) => Accuracy(dimension, human => human != 0, Math.Sign);

    /// <summary>Share of all comparisons called right where differences up to a threshold are called ties.</summary>
    public PromptStatistic? AccuracyWithTies(int dimension, double threshold) =>
        double.IsNaN(threshold) ? null : Accuracy(dimension, _ => true, difference => Math.Abs(difference) <= threshold ? 0 : Math.Sign(difference));

    /// <summary>Spearman's correlation of video rewards and mean ratings over clips; null with fewer than two.</summary>
    public PromptStatistic? Ratings(int dimension)
    {
        (int Clip, double Rating)[] rated =
        [
            .. _labels.Ratings.Where(rating => rating.Dimension == dimension).GroupBy(rating => rating.Clip).OrderBy(group => group.Key)
                .Select(group => (group.Key, group.Sum(rating => rating.Value * rating.Weight) / group.Sum(rating => rating.Weight))),
        ];
        return rated.Length < 2 ? null : HumanAgreement.PooledSpearman(
            [.. rated.Select(item => new[] { _evaluations[item.Clip].Rewards[dimension] })], [.. rated.Select(item => new[] { item.Rating })], [.. rated.Select(item => PromptOf(item.Clip))]);
    }

    /// <summary>
    /// The one number that training is stopped by: the pooled rank correlation of patch rewards and grades; without grades the accuracy on untied comparisons, without
    /// these the rank correlation with ratings, both as means over dimensions. NaN where nothing is defined.
    /// </summary>
    public double Overall(int videoDimensions)
    {
        if (Patches(HumanAgreement.PooledSpearman) is { } patches)
        {
            return patches.Estimate();
        }

        double[] accuracies = [.. Enumerable.Range(0, videoDimensions).Select(d => AccuracyWithoutTies(d)?.Estimate() ?? double.NaN).Where(double.IsFinite)];
        double[] correlations = [.. Enumerable.Range(0, videoDimensions).Select(d => Ratings(d)?.Estimate() ?? double.NaN).Where(double.IsFinite)];
        return accuracies.Length > 0 ? accuracies.Average() : correlations.Length > 0 ? correlations.Average() : double.NaN;
    }

    private PromptStatistic? OfDimension(HumanAgreement.Measure measure, int dimension)
    {
        int cells = Grid?.Count ?? 0;
        double[][] reference = [.. _clips.Select(_ => Enumerable.Repeat(double.NaN, cells).ToArray())];
        foreach (IGrouping<(int Clip, int Cell), PatchGrade> patch in _labels.Patches.Where(grade => grade.Grid == Grid && grade.Dimension == dimension).GroupBy(grade => (grade.Clip, grade.Cell)))
        {
            reference[Array.BinarySearch(_clips, patch.Key.Clip)][patch.Key.Cell] = patch.Sum(grade => grade.Value * grade.Weight) / patch.Sum(grade => grade.Weight);
        }

        return reference.All(row => row.All(double.IsNaN))
            ? null
            : measure([.. _clips.Select(clip => _evaluations[clip].Patches[dimension])], reference, [.. _clips.Select(PromptOf)]);
    }

    private PromptStatistic? Accuracy(int dimension, Func<int, bool> counts, Func<double, int> called)
    {
        (int[] human, double[] difference, int[] prompt) = Pairs(dimension);
        int[] used = [.. Enumerable.Range(0, human.Length).Where(i => counts(human[i]))];
        int[] prompts = [.. used.Select(i => prompt[i]).Distinct().Order()];
        return used.Length == 0 ? null : PromptStatistic.Ratio(
            [.. prompts.Select(p => (double)used.Count(i => prompt[i] == p && called(difference[i]) == human[i]))],
            [.. prompts.Select(p => (double)used.Count(i => prompt[i] == p))]);
    }

    private int PromptOf(int clip) => _prompts[_labels.Clips[clip].Prompt];

    /// <summary>What most of the weight says; without a majority for a side it is a tie.</summary>
    private static int Preference(IEnumerable<ClipComparison> answers)
    {
        double Of(PairLabel label) => answers.Where(answer => answer.Label == label).Sum(answer => answer.Weight);
        (double a, double b, double same) = (Of(PairLabel.A), Of(PairLabel.B), Of(PairLabel.Same));
        return a > b && a > same ? 1 : b > a && b > same ? -1 : 0;
    }
}
