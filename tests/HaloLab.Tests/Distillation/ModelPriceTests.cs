using HaloLab.Distillation;

namespace HaloLab.Tests.Distillation;

public class ModelPriceTests
{
    private static readonly ModelPrice Gpt4o = PriceTable.Shipped().Of("gpt-4o-2024-08-06");

    [Fact]
    public void CostIsTokensTimesPrice()
    {
        // 1,000 new at 2.50, 200 cached at 1.25, 300 written at 10.00, each per million.
        Assert.Equal(0.0025m + 0.00025m + 0.003m, Gpt4o.Cost(1200, 200, 300));
        Assert.Equal(0m, Gpt4o.Cost(0, 0, 0));
    }

    /// <summary>The examples of the service's documentation.</summary>
    [Theory]
    [InlineData(1024, 1024, true, 765)]
    [InlineData(4096, 2048, true, 1105)]
    [InlineData(4096, 8192, false, 85)]
    [InlineData(512, 512, true, 255)]
    public void PicturesCostWhatTheServiceSays(int height, int width, bool isHighDetail, int tokens) => Assert.Equal(tokens, Gpt4o.TokensOf(height, width, isHighDetail));

    [Fact]
    public void UnknownModelsAndBrokenTablesAreRefused()
    {
        Assert.Contains("--priced-as", Assert.Throws<InputException>(() => PriceTable.Shipped().Of("my-deployment")).Message, StringComparison.Ordinal);
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """{ "asOf": "2026-01-01", "source": "us", "currency": "USD", "models": { "m": { "inputPerMillion": 1, "cachedPerMillion": 1, "outputPerMillion": -2, "pictureTokens": 1, "tileTokens": 1 } } }""");
            Assert.Contains("'m'", Assert.Throws<InputException>(() => PriceTable.Read(path)).Message, StringComparison.Ordinal);
            File.WriteAllText(path, """{ "models": { "m": { "inputPerMillion": 1 } } }""");
            Assert.Contains(path, Assert.Throws<InputException>(() => PriceTable.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
