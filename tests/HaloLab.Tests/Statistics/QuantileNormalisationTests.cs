using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class QuantileNormalisationTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "quantile_normalisation*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        JsonElement reference = data.GetProperty("to_reference");
        JsonNumbers.Close(reference.Numbers("expected"), QuantileNormalisation.ToReference(reference.Numbers("source"), reference.Numbers("reference")), "to reference");
        JsonElement normal = data.GetProperty("to_normal");
        JsonNumbers.Close(normal.Numbers("expected"), QuantileNormalisation.ToNormal(normal.Numbers("source")), "to normal");
        JsonElement columns = data.GetProperty("columns");
        double[][] expected = columns.Rows("expected");
        double[][] actual = QuantileNormalisation.Columns(columns.Rows("matrix"));
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => JsonNumbers.Close(pair.First, pair.Second, "columns"));
        JsonElement zScore = data.GetProperty("zscore");
        JsonNumbers.Close(zScore.Numbers("ddof0"), QuantileNormalisation.ZScores(zScore.Numbers("x"), 0), "z, n");
        JsonNumbers.Close(zScore.Numbers("ddof1"), QuantileNormalisation.ZScores(zScore.Numbers("x"), 1), "z, n − 1");
    }

    [Fact]
    public void OrderAndTiesSurvive()
    {
        // Positions 1/6, 1/2, 5/6 of the reference 0, 10.
        Assert.Equal([10.0 / 6.0, 50.0 / 6.0, 5.0], QuantileNormalisation.ToReference([1, 3, 2], [0, 10]), (x, y) => Math.Abs(x - y) < 1e-12);
        double[] tied = QuantileNormalisation.ToNormal([4, 4]);
        Assert.Equal([0.0, 0.0], tied, (x, y) => Math.Abs(x - y) < 1e-15);
        // Means of ranks: (1 + 10)/2, (2 + 10)/2; the tied column lies between them.
        Assert.Equal([[5.5, 5.75], [6.0, 5.75]], QuantileNormalisation.Columns([[1, 10], [2, 10]]));
        Assert.All(QuantileNormalisation.ZScores([0.1, 0.1, 0.1]), value => Assert.True(double.IsNaN(value)));
        Assert.Throws<ArgumentException>(() => QuantileNormalisation.Columns([[1], [1, 2]]));
    }
}
