using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class SignificanceTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("statistics", "tests*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PermutationAndRankTestsMatchReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        double[] a = data.Numbers("a");
        double[] b = data.Numbers("b");
        double[] differences = Moments.Differences(a, b);

        JsonElement exact = data.GetProperty("paired_permutation_exact");
        JsonNumbers.Close(exact.GetProperty("mean_difference"), PairedPermutation.Exact(differences).Statistic, "mean difference");
        JsonNumbers.Close(exact.GetProperty("p_two_sided"), PairedPermutation.Test(a, b, new RandomStream(1, "unused")).PValue, "permutation");
        JsonNumbers.Close(exact.GetProperty("p_greater"), PairedPermutation.Exact(differences, Alternative.Greater).PValue, "permutation, greater");
        JsonElement given = data.GetProperty("paired_permutation_monte_carlo");
        JsonNumbers.Close(given.GetProperty("p_two_sided_plus_one"), PairedPermutation.WithSigns(differences, given.IntegerRows("sign_rows")).PValue, "given signs");

        JsonElement wilcoxon = data.GetProperty("wilcoxon_exact");
        SignedRankResult signedRank = Wilcoxon.SignedRank(a, b, method: PValueMethod.Exact);
        JsonNumbers.Close(wilcoxon.GetProperty("statistic"), signedRank.Statistic, "signed rank");
        JsonNumbers.Close(wilcoxon.GetProperty("p"), signedRank.PValue, "signed rank p");
        JsonNumbers.Close(wilcoxon.GetProperty("p_greater"), Wilcoxon.SignedRank(a, b, alternative: Alternative.Greater).PValue, "signed rank p, greater");

        JsonElement tied = data.GetProperty("wilcoxon_ties_normal");
        Dictionary<string, ZeroRule> rules = new() { ["wilcox"] = ZeroRule.Drop, ["pratt"] = ZeroRule.Pratt, ["zsplit"] = ZeroRule.Split };
        foreach ((string rule, ZeroRule zeros) in rules)
        {
            foreach (bool correction in new[] { false, true })
            {
                string name = $"{rule}_correction_{(correction ? "true" : "false")}";
                JsonElement expected = tied.GetProperty(name);
                SignedRankResult actual = Wilcoxon.SignedRank(tied.Numbers("a"), tied.Numbers("b"), zeros, PValueMethod.Normal, correction);
                JsonNumbers.Close(expected.GetProperty("statistic"), actual.Statistic, name);
                JsonNumbers.Close(expected.GetProperty("z"), -Math.Abs(actual.Z), name + " z");
                JsonNumbers.Close(expected.GetProperty("p"), actual.PValue, name + " p");
            }
        }

        JsonElement sign = data.GetProperty("sign_test");
        int wins = sign.GetProperty("positive").GetInt32();
        int losses = sign.GetProperty("negative").GetInt32();
        JsonNumbers.Close(sign.GetProperty("p_two_sided"), SignTest.Test(wins, losses).PValue, "sign test", JsonNumbers.PValue);
        JsonNumbers.Close(sign.GetProperty("p_greater"), SignTest.Test(wins, losses, Alternative.Greater).PValue, "sign test, greater", JsonNumbers.PValue);

        JsonElement whitney = data.GetProperty("mann_whitney_exact");
        SignificanceResult ranks = MannWhitney.Test(a, b, PValueMethod.Exact);
        JsonNumbers.Close(whitney.GetProperty("u"), ranks.Statistic, "U");
        JsonNumbers.Close(whitney.GetProperty("p"), ranks.PValue, "U p");
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void ParametricTestsMatchReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        double[] a = data.Numbers("a");
        double[] b = data.Numbers("b");

        JsonElement paired = data.GetProperty("t_paired");
        TTestResult t = TTest.Paired(a, b);
        JsonNumbers.Close(paired.GetProperty("t"), t.T, "t");
        JsonNumbers.Close(paired.GetProperty("df"), t.DegreesOfFreedom, "df");
        JsonNumbers.Close(paired.GetProperty("p"), t.PValue, "t p", JsonNumbers.PValue);
        JsonNumbers.Close(paired.GetProperty("ci95"), t.Difference, "t interval");
        Assert.Equal(t.Difference, Interval.OfPairedDifference(a, b));

        JsonElement welch = data.GetProperty("t_welch");
        t = TTest.Welch(a, b);
        JsonNumbers.Close(welch.GetProperty("t"), t.T, "Welch t");
        JsonNumbers.Close(welch.GetProperty("df"), t.DegreesOfFreedom, "Welch df");
        JsonNumbers.Close(welch.GetProperty("p"), t.PValue, "Welch p", JsonNumbers.PValue);

        JsonElement mcNemar = data.GetProperty("mcnemar");
        int[][] table = mcNemar.IntegerRows("table");
        void Check(string name, SignificanceResult actual)
        {
            JsonNumbers.Close(mcNemar.GetProperty(name).GetProperty("statistic"), actual.Statistic, name);
            JsonNumbers.Close(mcNemar.GetProperty(name).GetProperty("p"), actual.PValue, name + " p", JsonNumbers.PValue);
        }

        Check("exact", McNemar.Exact(table[0][1], table[1][0]));
        Check("chi2_corrected", McNemar.ChiSquare(table[0][1], table[1][0]));
        Check("chi2", McNemar.ChiSquare(table[0][1], table[1][0], continuityCorrection: false));

        JsonElement effect = data.GetProperty("effect");
        JsonNumbers.Close(effect.GetProperty("cohen_d_pooled"), EffectSize.CohenD(a, b), "d");
        JsonNumbers.Close(effect.GetProperty("cohen_dz_paired"), EffectSize.CohenDz(a, b), "dz");
        JsonNumbers.Close(effect.GetProperty("cohen_d_average_sd"), EffectSize.CohenDAverage(a, b), "d average");
        JsonNumbers.Close(effect.GetProperty("hedges_g"), EffectSize.HedgesG(a, b), "g");
        JsonNumbers.Close(effect.GetProperty("cliffs_delta"), EffectSize.CliffDelta(a, b), "delta");
        JsonNumbers.Close(effect.GetProperty("common_language"), EffectSize.CommonLanguage(a, b), "common language");
        JsonElement ties = effect.GetProperty("cliffs_delta_ties");
        JsonNumbers.Close(ties.GetProperty("delta"), EffectSize.CliffDelta(ties.Numbers("a"), ties.Numbers("b")), "delta with ties");
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void CorrectionsAndProportionsMatchReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        JsonElement multiple = data.GetProperty("multiple");
        double[] p = multiple.Numbers("p");
        double alpha = multiple.GetProperty("alpha").GetDouble();
        Dictionary<string, double[]> adjustments = new()
        {
            ["holm"] = MultipleComparisons.Holm(p),
            ["bonferroni"] = MultipleComparisons.Bonferroni(p),
            ["benjamini_hochberg"] = MultipleComparisons.BenjaminiHochberg(p),
            ["benjamini_yekutieli"] = MultipleComparisons.BenjaminiYekutieli(p),
        };
        foreach ((string name, double[] adjusted) in adjustments)
        {
            JsonNumbers.Close(multiple.GetProperty(name).Numbers("adjusted"), adjusted, name);
            Assert.Equal(multiple.GetProperty(name).GetProperty("reject").EnumerateArray().Select(item => item.GetBoolean()), adjusted.Select(value => value <= alpha));
        }

        foreach (JsonElement share in data.GetProperty("wilson").EnumerateArray())
        {
            int successes = share.GetProperty("successes").GetInt32();
            int trials = share.GetProperty("n").GetInt32();
            double level = share.GetProperty("level").GetDouble();
            JsonNumbers.Close(share.GetProperty("ci"), Proportion.Wilson(successes, trials, level), $"Wilson {successes}/{trials}");
            JsonNumbers.Close(share.GetProperty("clopper_pearson"), Proportion.ClopperPearson(successes, trials, level), $"Clopper-Pearson {successes}/{trials}");
        }
    }

    [Fact]
    public void PermutationByHand()
    {
        // ±1 ± 2 ± 3: eight sums −6, −4, −2, 0, 0, 2, 4, 6. Observed 1 + 2 − 3 = 0: all are as extreme. Observed 6: one of eight, or two.
        Assert.Equal(1.0, PairedPermutation.Exact([1, 2, -3]).PValue);
        Assert.Equal(5.0 / 8.0, PairedPermutation.Exact([1, 2, -3], Alternative.Greater).PValue);
        Assert.Equal(2.0 / 8.0, PairedPermutation.Exact([1, 2, 3]).PValue);
        Assert.Equal(1.0 / 8.0, PairedPermutation.Exact([1, 2, 3], Alternative.Greater).PValue);
        Assert.Equal(1.0, PairedPermutation.Exact([1, 2, 3], Alternative.Less).PValue);
        Assert.Equal(4.0 / 8.0, PairedPermutation.Exact([-1, 2, 3]).PValue);
        Assert.Equal(1.0, PairedPermutation.Exact([0, 0, 0]).PValue);

        // 0.1 + 0.2 + 0.3 rounds differently in another order; the tie must count all the same: sums ≥ 0.4 are 0.6 and 0.4.
        Assert.Equal(2.0 / 8.0, PairedPermutation.Exact([-0.1, 0.3, 0.2], Alternative.Greater).PValue);
    }

    [Fact]
    public void RandomPermutationApproachesTheExactOne()
    {
        double[] differences = [0.4, 1.1, -0.3, 0.8, 0.2, -0.5, 1.4, 0.1, 0.6, -0.2];
        double exact = PairedPermutation.Exact(differences).PValue;
        Assert.Equal(exact, PairedPermutation.Random(differences, new RandomStream(2, "signs"), 20_000).PValue, 0.01);
    }

    [Fact]
    public void ManyPairsAreStillExact()
    {
        double[] ones = [.. Enumerable.Repeat(1.0, PairedPermutation.MaxExactPairs)];
        Assert.Equal(Math.Pow(2.0, 1 - ones.Length), PairedPermutation.Exact(ones).PValue);
        Assert.Throws<ArgumentException>(() => PairedPermutation.Exact([.. ones, 1.0]));
    }

    [Fact]
    public void SignedRankByHandWithTies()
    {
        // |d| = 1, 1, 2: ranks 1.5, 1.5, 3. Signs of (1, 1, 2) all positive: sum 6 is 1 of 8 patterns.
        SignedRankResult all = Wilcoxon.SignedRank([1, 1, 2], method: PValueMethod.Exact);
        Assert.Equal((6.0, 0.0, 0.25), (all.PositiveRankSum, all.NegativeRankSum, all.PValue));

        // (−1, 1, 2): positive 4.5; sums ≥ 4.5 are 4.5, 4.5, 6: 3/8.
        Assert.Equal(3.0 / 8.0, Wilcoxon.SignedRank([-1, 1, 2], alternative: Alternative.Greater).PValue);

        // With a zero ranked first (Pratt): ranks 1, 2.5, 2.5, 4 and the zero never moves.
        SignedRankResult pratt = Wilcoxon.SignedRank([0, 1, 1, 2], ZeroRule.Pratt, PValueMethod.Exact);
        Assert.Equal((9.0, 0.0, 0.25), (pratt.PositiveRankSum, pratt.NegativeRankSum, pratt.PValue));
        SignedRankResult split = Wilcoxon.SignedRank([0, 1, 1, 2], ZeroRule.Split, PValueMethod.Exact);
        Assert.Equal((9.5, 0.5, 0.25), (split.PositiveRankSum, split.NegativeRankSum, split.PValue));
    }

    [Fact]
    public void MannWhitneyByHand()
    {
        // {1, 2} against {3, 4, 5}: U = 0, one of the 10 choices; two tails.
        Assert.Equal(new SignificanceResult(0.0, 0.2, 5), MannWhitney.Test([1, 2], [3, 4, 5]));
        Assert.Equal(0.1, MannWhitney.Test([1, 2], [3, 4, 5], alternative: Alternative.Less).PValue, 1e-15);

        // Many values: the normal approximation is near the exact distribution, ties included.
        double[] a = [.. Enumerable.Range(0, 28).Select(i => (double)(i % 7))];
        double[] b = [.. Enumerable.Range(0, 28).Select(i => (double)(i % 5) + 1)];
        Assert.Equal(MannWhitney.Test(a, b, PValueMethod.Exact).PValue, MannWhitney.Test(a, b, PValueMethod.Normal).PValue, 0.01);
    }

    [Fact]
    public void HolmByHand()
    {
        Assert.Equal([0.03, 0.06, 0.06], MultipleComparisons.Holm([0.01, 0.04, 0.03]), (x, y) => Math.Abs(x - y) < 1e-15);
        Assert.Equal([0.03, 0.04, 0.04], MultipleComparisons.BenjaminiHochberg([0.01, 0.04, 0.03]), (x, y) => Math.Abs(x - y) < 1e-15);

        // An undefined member counts but is not adjusted.
        Assert.Equal([0.02, double.NaN], MultipleComparisons.Holm([0.01, double.NaN]));
        Assert.Empty(MultipleComparisons.Holm([]));
        Assert.Throws<ArgumentException>(() => MultipleComparisons.Holm([1.5]));
    }

    [Fact]
    public void TooFewValuesAreUndefined()
    {
        RandomStream stream = new(1, "unused");
        Assert.True(double.IsNaN(PairedPermutation.Test([], [], stream).PValue));
        Assert.True(double.IsNaN(PairedPermutation.Exact([1, double.NaN]).PValue));
        Assert.True(double.IsNaN(Wilcoxon.SignedRank([0, 0]).PValue));
        Assert.True(double.IsNaN(Wilcoxon.SignedRank([1, double.NaN]).PValue));
        Assert.True(double.IsNaN(MannWhitney.Test([], [1]).PValue));
        Assert.Equal(1.0, MannWhitney.Test([2, 2], [2], PValueMethod.Normal).PValue);
        Assert.True(double.IsNaN(SignTest.Test(0, 0).PValue));
        Assert.True(double.IsNaN(SignTest.Test([double.NaN], [1]).PValue));
        Assert.True(double.IsNaN(McNemar.Exact(0, 0).PValue));
        Assert.True(double.IsNaN(McNemar.ChiSquare(0, 0).PValue));
        Assert.True(double.IsNaN(TTest.OneSample([1]).PValue));
        Assert.False(TTest.Paired([1], [2]).Difference.IsDefined);
        Assert.True(double.IsNaN(TTest.OneSample([0, 0]).PValue));
        Assert.Equal(0.0, TTest.OneSample([0.1, 0.1, 0.1]).PValue);
        Assert.True(double.IsNaN(TTest.Welch([1, 1], [1, 1]).PValue));
        Assert.True(double.IsNaN(EffectSize.CohenD([1], [2])));
        Assert.True(double.IsNaN(EffectSize.CliffDelta([], [1])));
        Assert.False(Proportion.Wilson(0, 0).IsDefined);
        Assert.False(Proportion.ClopperPearson(0, 0).IsDefined);
        Assert.False(Interval.OfMean([]).IsDefined);
    }

    [Fact]
    public void WrongLengthsThrow()
    {
        Assert.Throws<ArgumentException>(() => PairedPermutation.Test([1], [1, 2], new RandomStream(1, "unused")));
        Assert.Throws<ArgumentException>(() => PairedPermutation.WithSigns([1, 2], [[1]]));
        Assert.Throws<ArgumentException>(() => Wilcoxon.SignedRank([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => SignTest.Test([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => TTest.Paired([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => EffectSize.CohenDz([1], [1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Proportion.Wilson(3, 2));
    }
}
