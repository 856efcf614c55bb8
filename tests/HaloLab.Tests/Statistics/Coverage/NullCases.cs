using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>Every test of the Statistics room, and the verdicts of claims, where there is nothing to find.</summary>
internal static class NullCases
{
    private const double Level = 0.05;
    private const int Pairs = IntervalCases.Prompts;
    private const int Family = 12;

    public static IReadOnlyList<NullCase> All { get; } =
    [
        Of("Student's t, one sample", "40 normal differences", stream => TTest.OneSample(IntervalCases.Normal(stream, Pairs, 0)).PValue),
        Of("Student's t, one sample", "40 Laplace differences", stream => TTest.OneSample(Laplace(stream, Pairs)).PValue),
        Of("Welch's t", "20 and 40 normal values, the first three times as spread", stream => TTest.Welch([.. IntervalCases.Normal(stream, 20, 0).Select(value => 3 * value)], IntervalCases.Normal(stream, Pairs, 0)).PValue),
        Of("sign flips, exact", "16 Laplace differences", stream => PairedPermutation.Exact(Laplace(stream, 16)).PValue),
        Of("sign flips, 10,000 drawn", "48 Laplace differences", stream => PairedPermutation.Random(Laplace(stream, 48), stream).PValue),
        Of("Wilcoxon's signed ranks, exact", "40 Laplace differences", stream => Wilcoxon.SignedRank(Laplace(stream, Pairs)).PValue),
        Of("Wilcoxon's signed ranks, exact with ties and zeros", "40 differences of grades 1 to 5", stream => Wilcoxon.SignedRank(Grades(stream, Pairs), Grades(stream, Pairs)).PValue),
        Of("Wilcoxon's signed ranks, normal", "80 Laplace differences", stream => Wilcoxon.SignedRank(Laplace(stream, 80)).PValue),
        Of("sign test", "40 Laplace differences", stream => SignTest.Test(Laplace(stream, Pairs), new double[Pairs]).PValue),
        Of("McNemar, exact", "40 pairs of outcomes, 3 in 10 yes", stream => OfOutcomes(stream, McNemar.Exact)),
        Of("McNemar, χ² with correction", "40 pairs of outcomes, 3 in 10 yes", stream => OfOutcomes(stream, (first, second) => McNemar.ChiSquare(first, second))),
        Of("Mann and Whitney, exact with ties", "12 and 16 grades 1 to 5", stream => MannWhitney.Test(Grades(stream, 12), Grades(stream, 16)).PValue),
        Of("Mann and Whitney, normal", "40 and 60 Laplace values", stream => MannWhitney.Test(Laplace(stream, Pairs), Laplace(stream, 60)).PValue),
        Of("Pearson's r", "40 normal pairs", stream => OfPairs(stream, (x, y) => Correlation.Pearson(x, y))),
        Of("Spearman's ρ", "40 normal pairs", stream => OfPairs(stream, (x, y) => Correlation.Spearman(x, y))),
        Of("Kendall's τ-b, normal", "40 normal pairs", stream => OfPairs(stream, (x, y) => Correlation.KendallTauB(x, y))),
        Of("Kendall's τ-b, exact", "20 normal pairs", stream => Correlation.KendallTauB(IntervalCases.Normal(stream, 20, 0), IntervalCases.Normal(stream, 20, 0)).PValue),
        Of("Kendall's τ-b, normal with ties", "40 pairs of grades 1 to 5", stream => Correlation.KendallTauB(Grades(stream, Pairs), Grades(stream, Pairs)).PValue),
        Of("intraclass correlation, F", "40 targets × 3 raters, normal", stream => IntraclassCorrelation.Compute([.. Enumerable.Range(0, Pairs).Select(_ => IntervalCases.Normal(stream, 3, 0))], IccForm.OneWaySingle).PValue),
        Of("Holm, any of 12", "12 t tests of 40 normal differences, correlated 0.5", stream => MultipleComparisons.Holm(Correlated(stream)).Min()),
        Of("Bonferroni, any of 12", "12 t tests of 40 normal differences, correlated 0.5", stream => MultipleComparisons.Bonferroni(Correlated(stream)).Min()),
        Of("Benjamini and Hochberg, any of 12", "12 independent t tests of 40 normal differences", stream => MultipleComparisons.BenjaminiHochberg([.. Enumerable.Range(0, Family).Select(_ => TTest.OneSample(IntervalCases.Normal(stream, Pairs, 0)).PValue)]).Min()),
        new("a claim over five seeds is shown", "5 normal values", Level / 2, stream =>
            IsShown(1, [.. IntervalCases.Normal(stream, 5, 0).Select(value => PromptStatistic.Ratio([value], [1]))])),
        new("a claim of one seed is shown", "40 prompts × 4 clips of either arm, normal", Level / 2, stream =>
            IsShown(stream.NextInt64(), [IntervalCases.MeanOfArm(stream, 0, out double[] prompts).Minus(IntervalCases.MeanOfArm(stream, 0, prompts))])),
    ];

    private static NullCase Of(string name, string sample, Func<RandomStream, double> pValue) => new(name, sample, Level, stream => pValue(stream) <= Level);

    private static bool IsShown(long seed, IReadOnlyList<PromptStatistic> perSeed) => new ComparisonJudge(seed).Judge("nothing", new ClaimRule(0, ClaimDirection.Above), perSeed).Verdict == Verdict.Shown;

    /// <summary>Symmetric about 0 with heavier tails than the normal distribution's.</summary>
    private static double[] Laplace(RandomStream stream, int count) => [.. IntervalCases.Exponential(stream, count).Zip(IntervalCases.Exponential(stream, count), (a, b) => a - b)];

    private static double[] Grades(RandomStream stream, int count) => [.. Enumerable.Range(0, count).Select(_ => (double)stream.Next(1, 6))];

    private static double OfOutcomes(RandomStream stream, Func<int, int, SignificanceResult> test)
    {
        (bool First, bool Second)[] outcomes = [.. Enumerable.Range(0, Pairs).Select(_ => (stream.NextDouble() < 0.3, stream.NextDouble() < 0.3))];
        return test(outcomes.Count(pair => pair.First && !pair.Second), outcomes.Count(pair => pair.Second && !pair.First)).PValue;
    }

    private static double OfPairs(RandomStream stream, Func<double[], double[], CorrelationResult> correlation)
    {
        (double[] x, double[] y) = IntervalCases.Pairs(stream, 0);
        return correlation(x, y).PValue;
    }

    /// <summary>P-values of tests whose differences share half of their variance.</summary>
    private static double[] Correlated(RandomStream stream)
    {
        double[] shared = IntervalCases.Normal(stream, Pairs, 0);
        return [.. Enumerable.Range(0, Family).Select(_ => TTest.OneSample([.. shared.Select(value => value + stream.NextGaussian())]).PValue)];
    }
}
