using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class CorrelationTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "correlation*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        foreach (JsonElement data in golden.Json.GetProperty("data").EnumerateArray())
        {
            string name = data.GetProperty("name").GetString()!;
            double[] x = data.Numbers("x");
            double[] y = data.Numbers("y");
            JsonElement expected = data.GetProperty("expected");

            JsonElement pearson = expected.GetProperty("pearson");
            CorrelationResult actual = Correlation.Pearson(x, y);
            JsonNumbers.Close(pearson.GetProperty("r"), actual.Estimate, name + " r");
            JsonNumbers.Close(pearson.GetProperty("p"), actual.PValue, name + " p of r", JsonNumbers.PValue);
            if (pearson.TryGetProperty("ci95_fisher", out JsonElement bounds))
            {
                JsonNumbers.Close(bounds, Correlation.FisherInterval(actual.Estimate, actual.Count), name + " Fisher");
            }

            JsonElement spearman = expected.GetProperty("spearman");
            actual = Correlation.Spearman(x, y);
            JsonNumbers.Close(spearman.GetProperty("rho"), actual.Estimate, name + " rho");
            JsonNumbers.Close(spearman.GetProperty("p_t"), actual.PValue, name + " p of rho", JsonNumbers.PValue);

            JsonElement tauB = expected.GetProperty("kendall_b");
            actual = Correlation.KendallTauB(x, y);
            JsonNumbers.Close(tauB.GetProperty("tau"), actual.Estimate, name + " tau-b");
            JsonNumbers.Close(tauB.GetProperty("p_auto"), actual.PValue, name + " p of tau-b");
            JsonNumbers.Close(tauB.GetProperty("p_asymptotic"), Correlation.KendallTauB(x, y, PValueMethod.Normal).PValue, name + " normal p of tau-b");

            JsonElement tauC = expected.GetProperty("kendall_c");
            actual = Correlation.KendallTauC(x, y);
            JsonNumbers.Close(tauC.GetProperty("tau"), actual.Estimate, name + " tau-c");
            JsonNumbers.Close(tauC.GetProperty("p_auto"), actual.PValue, name + " p of tau-c");

            JsonNumbers.Close(expected.Numbers("average_ranks_x"), Ranks.Average(x), name + " ranks of x");
            JsonNumbers.Close(expected.Numbers("average_ranks_y"), Ranks.Average(y), name + " ranks of y");
        }
    }

    [Fact]
    public void KendallByHand()
    {
        // Pairs of (1,2,3) against (1,3,2): two concordant, one discordant. Of the 6 permutations 3 have at most one inversion: 2 · 3/6.
        CorrelationResult tau = Correlation.KendallTauB([1, 2, 3], [1, 3, 2]);
        Assert.Equal(1.0 / 3.0, tau.Estimate, 1e-15);
        Assert.Equal(1.0, tau.PValue);

        // No inversion among 5! orders, both tails.
        Assert.Equal(2.0 / 120.0, Correlation.KendallTauB([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).PValue, 1e-15);
    }

    [Fact]
    public void KendallAgreesWithCountingEveryPair()
    {
        RandomStream stream = new(3, "kendall");
        double[] x = [.. Enumerable.Range(0, 61).Select(_ => (double)stream.Next(9))];
        double[] y = [.. x.Select(value => value + stream.Next(12))];
        int score = 0;
        int untiedX = 0;
        int untiedY = 0;
        for (int i = 0; i < x.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                score += Math.Sign(x[i] - x[j]) * Math.Sign(y[i] - y[j]);
                untiedX += x[i] == x[j] ? 0 : 1;
                untiedY += y[i] == y[j] ? 0 : 1;
            }
        }

        Assert.Equal(score / Math.Sqrt((double)untiedX * untiedY), Correlation.KendallTauB(x, y).Estimate, 1e-14);
    }

    [Fact]
    public void UndefinedInputsGiveNaNAndWrongLengthsThrow()
    {
        Func<double[], double[], CorrelationResult>[] measures =
            [(x, y) => Correlation.Pearson(x, y), (x, y) => Correlation.Spearman(x, y), (x, y) => Correlation.KendallTauB(x, y), (x, y) => Correlation.KendallTauC(x, y)];
        foreach (Func<double[], double[], CorrelationResult> measure in measures)
        {
            Assert.Equal(new CorrelationResult(double.NaN, double.NaN, 0), measure([], []));
            Assert.Equal(new CorrelationResult(double.NaN, double.NaN, 1), measure([1], [2]));
            Assert.Equal(new CorrelationResult(double.NaN, double.NaN, 3), measure([1, 2, 3], [1, double.NaN, 3]));
            Assert.Equal(new CorrelationResult(double.NaN, double.NaN, 7), measure([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], [1, 2, 3, 4, 5, 6, 7]));
            Assert.Equal(new CorrelationResult(-1.0, 1.0, 2), measure([1, 2], [4, 3]));
            Assert.Throws<ArgumentException>(() => measure([1, 2], [1]));
        }

        Assert.True(double.IsNaN(Correlation.KendallTauB([1, 1, 2, 3], [1, 2, 3, 4], PValueMethod.Exact).PValue));
        Assert.Equal(new Interval(0.3, -1.0, 1.0, 0.95), Correlation.FisherInterval(0.3, 3));
    }

    [Fact]
    public void RanksShareTheirPlacesAndSkipMissingValues() =>
        Assert.Equal([2.0, 4.0, double.NaN, 2.0, 2.0], Ranks.Average([1, 5, double.NaN, 1, 1]));
}
