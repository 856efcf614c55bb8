using HaloLab.Evaluation.VBench;

namespace HaloLab.Tests.Evaluation.VBench;

public class VBenchTotalTests
{
    [Fact]
    public void WhatNeedsAMissingDimensionIsMissing()
    {
        Dictionary<string, double> values = VBenchDimension.All.ToDictionary(dimension => dimension.Name, dimension => dimension.Most);
        Assert.Equal((1, 1, 1), (VBenchTotal.Of(values).Quality, VBenchTotal.Of(values).Semantic, VBenchTotal.Of(values).Total));
        values.Remove("scene");
        VBenchTotal total = VBenchTotal.Of(values);
        Assert.Equal(["scene"], total.Missing);
        Assert.Equal(1, total.Quality);
        Assert.True(double.IsNaN(total.Semantic) && double.IsNaN(total.Total));
        Assert.Contains("scenery", Assert.Throws<InputException>(() => VBenchTotal.Of(new Dictionary<string, double> { ["scenery"] = 1 })).Message, StringComparison.Ordinal);
    }
}
