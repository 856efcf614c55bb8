using HaloLab.ToyWorld;

namespace HaloLab.Tests.ToyWorld;

public class ToyCaptionTests
{
    [Fact]
    public void EveryCaptionReadsBackFromItsText()
    {
        ToyCaption[] all = [.. ToyCaption.All()];
        Assert.Equal(192 + 15_360, all.Length);
        Assert.Equal(all.Length, all.Select(caption => caption.ToString()).Distinct().Count());
        Assert.All(all, caption => Assert.Equal(caption, ToyCaption.Parse(caption.ToString())));
    }

    [Fact]
    public void CaseCommasAndSpacingDoNotMatter()
    {
        ToyCaption expected = new(
            new ToyObject(ToyKind.Circle, ToyColour.Red, ToyDirection.Left),
            new ToyObject(ToyKind.Square, ToyColour.Blue, ToyDirection.Up),
            ToyBackground.Dark);
        Assert.Equal(expected, ToyCaption.Parse("  A red circle moving LEFT, and a blue  square moving up on a dark background."));
        Assert.Equal("a red circle moving left and a blue square moving up on a dark background", expected.ToString());
    }

    [Theory]
    [InlineData("", "word 1 is missing, expected 'a'")]
    [InlineData("a pink circle moving left on a dark background", "word 2 is 'pink', expected one of red, green")]
    [InlineData("a red circle moving left", "word 6 is missing, expected 'on'")]
    [InlineData("a red circle moving left on a dark background and more", "word 10 is 'and', expected the end")]
    [InlineData("a red circle moving left and a red square moving up on a dark background", "two objects need two colours")]
    public void WhatIsNotUnderstoodIsSaid(string text, string expected)
    {
        InputException error = Assert.Throws<InputException>(() => ToyCaption.Parse(text));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("purple", error.Message, StringComparison.Ordinal);
        Assert.Contains("triangle", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoCombinationOfOneSplitIsSeenInAnother()
    {
        HashSet<(ToyObject, ToyBackground)> Combinations(ToySplit split) =>
        [
            .. from objects in new[] { 1, 2 }
               from caption in ToyPrompts.Of(split, objects)
               from item in caption.Objects
               select (item, caption.Background),
        ];
        HashSet<(ToyObject, ToyBackground)> training = Combinations(ToySplit.Training);
        HashSet<(ToyObject, ToyBackground)> development = Combinations(ToySplit.Development);
        HashSet<(ToyObject, ToyBackground)> reporting = Combinations(ToySplit.Reporting);
        Assert.Equal((144, 24, 24), (training.Count, development.Count, reporting.Count));
        Assert.False(training.Overlaps(development) || training.Overlaps(reporting) || development.Overlaps(reporting));
    }

    [Fact]
    public void HeldOutCombinationsCoverTheAttributesAndTrainingKeepsTheirParts()
    {
        foreach (ToySplit split in new[] { ToySplit.Development, ToySplit.Reporting })
        {
            ToyObject[] objects = [.. ToyPrompts.Of(split, 1).Select(caption => caption.First)];
            Assert.Equal(24, objects.Select(item => (item.Kind, item.Colour)).Distinct().Count());
            Assert.Equal(24, objects.Select(item => (item.Colour, item.Direction)).Distinct().Count());
            Assert.Equal(16, objects.Select(item => (item.Kind, item.Direction)).Distinct().Count());
        }

        Assert.Equal(96, ToyPrompts.Of(ToySplit.Training, 1).Select(caption => caption.First).Distinct().Count());
    }

    [Fact]
    public void CaptionsThatMixSplitsBelongToNone()
    {
        Dictionary<string, int> counts = ToyCaption.All().GroupBy(caption => ToyPrompts.SplitOf(caption)?.ToString() ?? "none").ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(counts["Training"], ToyPrompts.Of(ToySplit.Training, 1).Count + ToyPrompts.Of(ToySplit.Training, 2).Count);
        Assert.True(counts["none"] > 0);
        Assert.True(ToyPrompts.Of(ToySplit.Reporting, 2).Count >= 200, $"{ToyPrompts.Of(ToySplit.Reporting, 2).Count} captions of two objects");
    }
}
