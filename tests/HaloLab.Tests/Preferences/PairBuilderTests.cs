using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.Tests.Preferences;

public class PairBuilderTests
{
    private static readonly PatchGrid Grid = new(1, 1, 2);

    private static Candidate Clip(string id, double reward, string? group = null, params double?[] patches) =>
        new(id, reward, patches.Length == 0 ? null : new PatchRewards(Grid, patches), group);

    private static PairSet Build(PairBuilderOptions options, params Candidate[] clips) => PairBuilder.Build([new PromptCandidates("a red ball", clips)], options);

    private static string[] Names(PairSet set) => [.. set.Pairs.Select(pair => $"{pair.A.Id}>{pair.B.Id}")];

    [Fact]
    public void LargestDifferencesComeFirstAndTheBetterClipIsA()
    {
        PairSet set = Build(new() { MaximumPerPrompt = 2 }, Clip("x", 0.1), Clip("y", 0.9), Clip("z", 0.4));
        Assert.Equal(["y>x", "y>z"], Names(set));
        Assert.Equal(3, set.Considered);
        Assert.Equal(1, set.Dropped[PairDropReason.OverMaximum]);
    }

    [Theory]
    [InlineData(PairLayout.Any, 3, 0)]
    [InlineData(PairLayout.Shared, 1, 2)]
    [InlineData(PairLayout.Independent, 2, 1)]
    public void LayoutRuleIsKept(PairLayout layout, int pairs, int dropped)
    {
        PairSet set = Build(new() { Layout = layout }, Clip("x", 1, "s"), Clip("y", 2, "s"), Clip("z", 3));
        Assert.Equal(pairs, set.Pairs.Count);
        Assert.Equal(dropped, set.Dropped.GetValueOrDefault(PairDropReason.Layout));
    }

    [Fact]
    public void TiedPairsAreDroppedUnlessPatchesTellThemApart()
    {
        Candidate[] clips = [Clip("x", 1.0, null, 0.5, null), Clip("y", 1.05, null, 0.5, 3), Clip("z", 1.02, null, 0.9, null), Clip("x", 1.0, null, 0.5, null)];
        PairSet set = Build(new() { VideoMargin = 0.1, PatchMargin = 0.2 }, clips);
        Assert.Equal(["y>z", "z>x", "z>x"], Names(set));
        Assert.Equal(2, set.Dropped[PairDropReason.Tied]);
        Assert.Equal(1, set.Dropped[PairDropReason.SameClip]);
        set = Build(new() { VideoMargin = 0.1, PatchMargin = 0.2, KeepTiedVideos = false }, clips);
        Assert.Empty(set.Pairs);
        Assert.Equal(3, set.Dropped[PairDropReason.TiedVideo]);
        Assert.Equal(set.Considered, set.Pairs.Count + set.Dropped.Values.Sum());
    }

    [Fact]
    public void OrderOfCandidatesDoesNotMatter()
    {
        Candidate[] clips = [Clip("x", 1), Clip("y", 1), Clip("z", 0), Clip("w", 2)];
        Assert.Equal(Names(Build(new(), clips)), Names(Build(new(), [.. clips.Reverse()])));
    }

    [Fact]
    public void PatchMeanUsesCellsThatBothHave()
    {
        PreferencePair pair = new("p", Clip("x", 9, null, 1, null), Clip("y", 8, null, 3, 5), "test");
        Assert.Equal((1.0, 3.0), (pair.WithPatchMeans().A.VideoReward, pair.WithPatchMeans().B.VideoReward));
        Assert.Equal(pair.Id, pair.WithPatchMeans().Id);
        Assert.Throws<InputException>(() => new PreferencePair("p", Clip("x", 9), Clip("y", 8), "").WithPatchMeans());
    }

    [Theory]
    [InlineData(double.NaN, 0.0, "video reward of clip B")]
    [InlineData(0.0, double.NegativeInfinity, "patch reward of clip B (y) at cell (0, 0, 1)")]
    public void RewardsThatAreNoNumbersAreRefusedByThePairsName(double video, double patch, string expected)
    {
        InputException exception = Assert.Throws<InputException>(() => new PreferencePair("a red ball", Clip("x", 0, null, 1, 2), Clip("y", video, null, 1, patch), "pairs.csv, row 7"));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Contains("a red ball", exception.Message, StringComparison.Ordinal);
        Assert.Contains("row 7", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GridsThatDoNotMatchAreRefused()
    {
        Candidate other = new("y", 1, new PatchRewards(new PatchGrid(1, 2, 1), [1, 2]));
        Assert.Throws<InputException>(() => new PreferencePair("p", Clip("x", 0, null, 1, 2), other, ""));
        Assert.Throws<InputException>(() => new PreferencePair("p", Clip("x", 0, null, 1), Clip("y", 0, null, 1, 2), ""));
        Assert.Throws<InputException>(() => new PreferencePair("p", Clip("x", 0), Clip("y", 0, null, 1, 2), ""));
    }
}
