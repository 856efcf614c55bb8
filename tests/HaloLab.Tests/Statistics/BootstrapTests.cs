using System.Globalization;
using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class BootstrapTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "bootstrap*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        double[] x = data.Numbers("x");
        double[] y = data.Numbers("y");
        double[] Draw(double[] values, int[] indices) => Array.ConvertAll(indices, index => values[index]);
        Dictionary<string, Func<int[], double>> statistics = new()
        {
            ["mean_x"] = indices => Draw(x, indices).Average(),
            ["spearman"] = indices => Correlation.Spearman(Draw(x, indices), Draw(y, indices)).Estimate,
            ["mean_diff"] = indices => indices.Average(index => x[index] - y[index]),
        };
        foreach (JsonProperty property in data.GetProperty("expected").EnumerateObject())
        {
            (string name, JsonElement expected) = (property.Name, property.Value);
            BootstrapResult actual = Bootstrap.Run(x.Length, statistics[name], data.IntegerRows("resample_indices"));
            JsonNumbers.Close(expected.GetProperty("estimate"), actual.Estimate, name);
            JsonNumbers.Close(expected.GetProperty("standard_error"), actual.StandardError, name + " error");
            JsonNumbers.Close(expected.GetProperty("percentile95"), actual.Percentile, name + " percentile");
            JsonNumbers.Close(expected.GetProperty("basic95"), actual.Basic, name + " basic");
            JsonNumbers.Close(expected.GetProperty("z0"), actual.BiasCorrection, name + " z0");
            JsonNumbers.Close(expected.GetProperty("acceleration"), actual.Acceleration, name + " acceleration");
            JsonNumbers.Close(expected.Numbers("bca_alpha"), [actual.BcaProbabilities.Low, actual.BcaProbabilities.High], name + " alpha");
            JsonNumbers.Close(expected.GetProperty("bca95"), actual.Bca, name + " BCa");
            JsonNumbers.Close(expected.Numbers("distribution_first5"), actual.Replicates[..expected.Numbers("distribution_first5").Length], name + " replicates");
        }

        JsonElement clustered = data.GetProperty("clustered");
        int[] prompts = clustered.Integers("prompt");
        int[][] promptResamples = clustered.IntegerRows("prompt_resample_indices");
        BootstrapResult pooled = Bootstrap.Clustered(prompts, statistics["mean_x"], promptResamples);
        JsonElement expectedPooled = clustered.GetProperty("expected");
        JsonNumbers.Close(expectedPooled.GetProperty("pooled_mean_percentile95"), pooled.Percentile, "pooled mean");
        JsonNumbers.Close(expectedPooled.GetProperty("pooled_mean_se"), pooled.StandardError, "pooled mean error");

        double[] promptMeans = [.. x.Zip(prompts).GroupBy(pair => pair.Second, pair => pair.First).OrderBy(group => group.Key).Select(group => group.Average())];
        BootstrapResult ofMeans = Bootstrap.Run(promptMeans.Length, drawn => Draw(promptMeans, drawn).Average(), promptResamples);
        JsonNumbers.Close(expectedPooled.GetProperty("mean_of_prompt_means_percentile95"), ofMeans.Percentile, "mean of prompt means");
    }

    [Fact]
    public void BcaIsThePercentileIntervalForASymmetricDistribution()
    {
        // Mean of −1, 0, 1: the jackknife values are symmetric (acceleration 0), and so are all 27 resamples (z₀ = 0).
        double[] values = [-1, 0, 1];
        int[][] all = [.. from a in Enumerable.Range(0, 3) from b in Enumerable.Range(0, 3) from c in Enumerable.Range(0, 3) select new[] { a, b, c }];
        BootstrapResult result = Bootstrap.Run(3, indices => indices.Average(index => values[index]), all, level: 0.8);
        Assert.Equal(0.0, result.Acceleration, 1e-15);
        Assert.Equal(0.0, result.BiasCorrection, 1e-15);
        Assert.Equal(result.Percentile.Low, result.Bca.Low, 1e-12);
        Assert.Equal(result.Percentile.High, result.Bca.High, 1e-12);
        Assert.Equal(0.8, result.Bca.Level);

        // Means by hand: −1 (1 way), −2/3 (3), −1/3 (6), 0 (7) …; the 10 % quantile lies at place 2.6 of 0 .. 26, on −2/3.
        Assert.Equal(-2.0 / 3.0, result.Percentile.Low, 1e-12);
        Assert.Equal(2.0 / 3.0, result.Percentile.High, 1e-12);
    }

    [Fact]
    public void StreamDecidesTheDrawsAndNothingElse()
    {
        double[] values = [.. Enumerable.Range(0, 20).Select(i => Math.Sqrt(i))];
        BootstrapResult Run(long seed) => Bootstrap.Run(values, sample => sample.Average(), new RandomStream(seed, "bootstrap"), 200);
        Assert.Equal(Run(1).Replicates, Run(1).Replicates);
        Assert.NotEqual(Run(1).Replicates, Run(2).Replicates);
        Assert.Equal(200, Run(1).Replicates.Length);
    }

    [Fact]
    public void ClustersAreDrawnWholeAndInOrdinalOrder()
    {
        string[] prompts = ["b", "a", "b", "B"];
        int[][] draws = [[0, 0, 2], [1, 1, 1]];
        List<int[]> seen = [];
        Bootstrap.Clustered(
            prompts,
            rows =>
            {
                seen.Add(rows);
                return rows.Length;
            },
            draws);
        // B < a < b by code point: cluster 0 is row 3, cluster 1 row 1, cluster 2 rows 0 and 2.
        Assert.Contains(seen, rows => rows.SequenceEqual([3, 3, 0, 2]));
        Assert.Contains(seen, rows => rows.SequenceEqual([1, 1, 1]));
        // The jackknife leaves out whole clusters.
        Assert.Contains(seen, rows => rows.SequenceEqual([3, 1]));
    }

    [Fact]
    public void OneClusterPerRowIsThePlainBootstrap()
    {
        double[] values = [3, 1, 4, 1, 5, 9, 2, 6];
        int[][] draws = Bootstrap.Resamples(values.Length, new RandomStream(4, "draws"), 100);
        double Mean(int[] rows) => rows.Average(row => values[row]);
        BootstrapResult plain = Bootstrap.Run(values.Length, Mean, draws);
        BootstrapResult clustered = Bootstrap.Clustered([.. Enumerable.Range(0, values.Length)], Mean, draws);
        Assert.Equal(plain.Bca, clustered.Bca);
    }

    [Fact]
    public void UndefinedReplicatesAreCountedAndLeftOut()
    {
        BootstrapResult result = Bootstrap.Run(3, rows => rows.Distinct().Count() == 1 ? double.NaN : rows.Sum(), [[0, 0, 0], [0, 1, 2], [2, 2, 1], [0, 1, 1]]);
        Assert.Equal(1, result.UndefinedReplicates);
        Assert.Equal(2.05, result.Percentile.Low, 1e-12);

        BootstrapResult never = Bootstrap.Run(3, _ => double.NaN, new RandomStream(1, "nan"), 10);
        Assert.False(never.Percentile.IsDefined || never.Bca.IsDefined || never.Basic.IsDefined);
        Assert.Equal(10, never.UndefinedReplicates);

        // All replicates on one side of the estimate: no bias correction exists.
        BootstrapResult oneSided = Bootstrap.Run(2, rows => rows.Distinct().Count() == 2 ? 5.0 : 1.0, [[0, 0], [1, 1]]);
        Assert.True(oneSided.Percentile.IsDefined);
        Assert.False(oneSided.Bca.IsDefined);
        Assert.False(Bootstrap.Run([3.0], sample => sample.Average(), new RandomStream(1, "one"), 10).Bca.IsDefined);
    }

    [Fact]
    public void ConstantSampleHasAnIntervalOfZeroWidth()
    {
        BootstrapResult result = Bootstrap.Run([2.0, 2.0, 2.0], sample => sample.Average(), new RandomStream(1, "constant"), 50);
        Assert.Equal(new Interval(2.0, 2.0, 2.0, 0.95), result.Bca);
        Assert.Equal(0.0, result.StandardError);
    }

    [Fact]
    public void IndicesOutsideTheSampleAreRefused() => Assert.Throws<ArgumentException>(() => Bootstrap.Run(2, _ => 0.0, [[0, 2]]));

    [Fact]
    [Trait("Category", "Long")]
    public void IntervalsCoverTheMeanOfASkewedDistributionAboutAtTheirLevel()
    {
        int covered = 0;
        const int Samples = 1000;
        for (int sample = 0; sample < Samples; sample++)
        {
            RandomStream stream = new(5, "coverage", sample);
            double[] values = [.. Enumerable.Range(0, 40).Select(_ => -Math.Log(1.0 - stream.NextDouble()))];
            Interval interval = Bootstrap.Run(values, draw => draw.Average(), stream, 1000, 0.9).Bca;
            covered += interval.Low <= 1.0 && interval.High >= 1.0 ? 1 : 0;
        }

        Assert.True(covered is > 850 and < 930, covered.ToString(CultureInfo.InvariantCulture));
    }
}
