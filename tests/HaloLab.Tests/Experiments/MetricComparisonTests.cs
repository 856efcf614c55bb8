using HaloLab.Experiments;

namespace HaloLab.Tests.Experiments;

public sealed class MetricComparisonTests
{
    [Fact]
    public void PromptsAreTheUnitsAndTiesCountHalf()
    {
        // Prompt 0 has two clips in the first model, whose mean is 2; prompt 6 is missing there, and one clip has no score.
        ScoredClip[] first = [Row(0, 1), Row(0, 3), Row(1, 1), Row(2, 1), Row(3, 1), Row(4, 1), Row(5, 1), new(new ClipToScore("x", "p6"), null, "broken")];
        ScoredClip[] second = [Row(0, 3), Row(1, 2), Row(2, 2), Row(3, 2), Row(4, 1), Row(5, 0.5), Row(6, 100)];
        MetricComparison metric = new("m", "s", 0, [first, second]);
        Assert.Equal((7, 7), (metric.Clips(0), metric.Clips(1)));
        Assert.Equal(7 / 6.0, metric.Mean(0).Estimate, 1e-12);
        ModelDifference difference = metric.Compare(0, 1, seed: 1);
        Assert.Equal((6, 4, 1, 1), (difference.Prompts, difference.Wins, difference.Ties, difference.Losses));
        Assert.Equal(3.5 / 6, difference.Difference.Estimate, 1e-12);
        Assert.Equal(4.5 / 6, difference.WinRate.Estimate, 1e-12);
        Assert.InRange(difference.Difference.Low, -0.3, 0.4);
        Assert.InRange(difference.Difference.High, 0.8, 1.0);

        // Of the 64 patterns of signs of 1, 1, 1, 1, 0, −0.5, those with |sum| ≥ 3.5: all four 1s alike (2 · 2 · 2).
        Assert.Equal(8 / 64.0, difference.PValue, 1e-12);

        // The other way round everything turns over.
        ModelDifference back = metric.Compare(1, 0, seed: 1);
        Assert.Equal((-difference.Difference.Estimate, 1, 4), (back.Difference.Estimate, back.Wins, back.Losses));
        Assert.Equal(1 - difference.WinRate.Estimate, back.WinRate.Estimate, 1e-12);
    }

    [Fact]
    public void OnePromptOrNoDifferenceHasNoFalsePrecision()
    {
        ModelDifference one = new MetricComparison("m", "s", 0, [[Row(0, 1)], [Row(0, 2)]]).Compare(0, 1, 1);
        Assert.Equal((1, 1.0), (one.Prompts, one.Difference.Estimate));
        Assert.False(one.Difference.IsDefined);
        Assert.True(double.IsNaN(one.PValue));

        ScoredClip[] rows = [.. Enumerable.Range(0, 8).Select(i => Row(i, i))];
        ModelDifference same = new MetricComparison("m", "s", 0, [rows, rows]).Compare(0, 1, 1);
        Assert.Equal((0, 8, 0), (same.Wins, same.Ties, same.Losses));
        Assert.Equal((0.0, 0.0, 1.0, 0.5), (same.Difference.Low, same.Difference.High, same.PValue, same.WinRate.Estimate));
    }

    [Fact]
    public void ModelsThatCannotBeComparedAreRefused()
    {
        PromptedFolder Model(string name, string prompt) => new(name, [new ClipToScore("f", prompt)]);
        string Refused(params PromptedFolder[] models) => Assert.Throws<InputException>(() => new ModelComparison(models, 1)).Message;
        Assert.Contains("at least two", Refused(Model("a", "p")), StringComparison.Ordinal);
        Assert.Contains("NAME=FOLDER", Refused(Model("a", "p"), Model("a", "p")), StringComparison.Ordinal);
        Assert.Contains("'b' and 'a' share no prompt, for example 'q'", Refused(Model("a", "p"), Model("b", "q")), StringComparison.Ordinal);
    }

    private static ScoredClip Row(int prompt, double score) => new(new ClipToScore($"{prompt}-{score}", $"p{prompt}"), [score], null);
}
