using HaloLab.Evaluation.Defects;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Evaluation.Defects;

/// <summary>Numbers about defects, by hand.</summary>
public sealed class DefectTests
{
    private const double Level = 3;
    private static readonly PatchGrid Pair = new(1, 1, 2);
    private static readonly PatchGrid Line = new(4, 1, 1);

    /// <summary>Of four clips of three prompts: the first of a is half bad, of its second one patch was not judged, b is bad, and a grade at the level is none.</summary>
    private static DefectSample Four { get; } = new(
        [
            new("a1", "a", Pair, [2, 4], 4, [DefectType.Blurred, null]), new("a2", "a", Pair, [4, double.NaN], 1), new("b", "b", Pair, [1, 2], 3, [null, DefectType.Missing]), new("c", "c", Pair, [5, 3], 2),
        ],
        Level);

    [Fact]
    public void SharesAreCountedByClipAndPatch()
    {
        Assert.Equal(["a", "b", "c"], Four.Prompts);
        Assert.Equal([true, false, true, false], Four.InTopHalf);
        Assert.Equal(3.0 / 7, Four.Share(DefectMeasure.Patches).Estimate(), 1e-12);
        Assert.Equal(2.0 / 4, Four.Share(DefectMeasure.Clips).Estimate(), 1e-12);
        Assert.Equal(1, Four.Share(DefectMeasure.TopHalf).Estimate(), 1e-12);
        Assert.Equal(0, Four.Share(DefectMeasure.BottomHalf).Estimate(), 1e-12);
        Assert.Equal([0.5, 1.0 / 3], Four.Map());
        Assert.Equal([0.5, 1.0 / 3], DefectMeasure.Places(Pair).Select(place => Four.Share(place).Estimate()));
        Assert.Equal([3.0 / 7], DefectMeasure.Times(Pair).Select(time => Four.Share(time).Estimate()));
        Assert.Equal(new Dictionary<string, double> { ["a"] = 1.0 / 3, ["b"] = 1, ["c"] = 0 }, Four.ByPrompt(DefectMeasure.Patches));

        // c has no clip in the top half.
        Assert.Equal(["a", "b"], Four.ByPrompt(DefectMeasure.TopHalf).Keys.Order());
        Assert.Equal([("blurred", 1.0 / 7), ("missing", 1.0 / 7)], DefectMeasure.Kinds(Four).Select(kind => (kind.Name, Four.Share(kind).Estimate())));

        // Drawn twice, prompt b weighs twice.
        Assert.Equal(5.0 / 7, Four.Share(DefectMeasure.Patches).Of([0, 1, 1]), 1e-12);
    }

    [Fact]
    public void TheTopHalfIsNotBelowTheUpperMedian()
    {
        Assert.Equal([false, true, true], DefectSample.TopHalf([1, 2, 3]));
        Assert.Equal([false, false, true, true], DefectSample.TopHalf([1, 2, 3, 4]));
        Assert.Equal([true, true, false, true], DefectSample.TopHalf([2, 2, 1, 2]));
        Assert.Empty(DefectSample.TopHalf([]));
    }

    [Fact]
    public void ClipsOnOtherGridsAndWithoutJudgementsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new DefectSample([], Level));
        Assert.Throws<ArgumentException>(() => new DefectSample([new("a", "a", Pair, [double.NaN, double.NaN], 1)], Level));
        Assert.Throws<ArgumentException>(() => new DefectSample([new("a", "a", Pair, [1, 2], 1), new("b", "b", Line, [1, 2, 3, 4], 1)], Level));
        Assert.Throws<ArgumentException>(() => new DefectSample([new("a", "a", Pair, [1], 1)], Level));
    }

    /// <summary>Three that share faces, around a corner and into the next time step, and one that touches them at an edge only.</summary>
    [Fact]
    public void DefectsHangTogetherByFaces()
    {
        PatchGrid grid = new(2, 2, 3);
        int[] defective = [grid.Index(0, 0, 0), grid.Index(0, 0, 1), grid.Index(1, 0, 1), grid.Index(0, 1, 2)];
        Assert.Equal([new ConnectedDefect(3, 2, 1, 2), new ConnectedDefect(1, 1, 1, 1)], ConnectedDefect.Find(grid, defective.Contains));
        Assert.Equal([new ConnectedDefect(12, 2, 2, 3)], ConnectedDefect.Find(grid, _ => true));
        Assert.Empty(ConnectedDefect.Find(grid, _ => false));
    }

    [Fact]
    public void ADefectLastsAsLongAsItsStretch()
    {
        DefectClustering clustering = new(new DefectSample([Steps("a", 1, 1, 5, 5), Steps("b", 5, 1, 1, 1), Steps("c", 5, 5, 5, 5), Steps("d", 1, double.NaN, 5, 5)], Level));

        // Five defective steps in two stretches; d does not count. Two of four in random order are in 2 · 3 / 4 stretches, three of four in 3 · 2 / 4.
        Assert.Equal(2.5, clustering.RunLength().Estimate(), 1e-12);
        Assert.Equal(5 / 3.0, clustering.RunLengthAtRandom(), 1e-12);
    }

    [Fact]
    public void NeighboursAreCorrelated()
    {
        DefectClustering clustering = new(new DefectSample([Steps("a", 1, 1, 5, 5)], Level));

        // Pairs (1, 1), (1, 0), (0, 0): covariance 1/9, variances 2/9.
        Assert.Equal(0.5, clustering.Neighbours((1, 0, 0)).Estimate(), 1e-12);
        Assert.True(double.IsNaN(clustering.Neighbours((0, 1, 0)).Estimate()), "there is no row below");

        // Two clips that differ only as a whole: pooled they are correlated, within they are not.
        DefectClustering whole = new(new DefectSample([Steps("a", 1, 1, 1, 1), Steps("b", 5, 5, 5, 5)], Level));
        Assert.Equal(1, whole.Neighbours((1, 0, 0)).Estimate(), 1e-12);
        Assert.True(double.IsNaN(whole.NeighboursWithinClips((1, 0, 0)).Estimate()));
        Assert.Equal(-1, new DefectClustering(new DefectSample([Steps("a", 1, 5, 1, 5)], Level)).NeighboursWithinClips((1, 0, 0)).Estimate(), 1e-12);
    }

    [Fact]
    public void ConcentrationIsHeldAgainstChance()
    {
        // One defective patch of sixteen: wherever it lies, one of four clips and one of four cells has everything.
        DefectClustering one = new(new DefectSample([Steps("a", 1, 5, 5, 5), Steps("b", 5, 5, 5, 5), Steps("c", 5, 5, 5, 5), Steps("d", 5, 5, 5, 5)], Level));
        Assert.Equal((0.75, 0.75), (one.OverClips().Estimate(), one.OverClipsAtRandom(Stream())));
        Assert.Equal((0.75, 0.75, 1.0), one.OverPlaces(Stream()));

        // Four in one clip are more concentrated over clips than four anywhere, and over places as even as can be, wherever they are moved.
        DefectClustering clustered = new(new DefectSample([Steps("a", 1, 1, 1, 1), Steps("b", 5, 5, 5, 5), Steps("c", 5, 5, 5, 5), Steps("d", 5, 5, 5, 5)], Level));
        Assert.Equal(0.75, clustered.OverClips().Estimate());
        Assert.InRange(clustered.OverClipsAtRandom(Stream()), 0.1, 0.7);
        Assert.Equal((0, 0, 1.0), clustered.OverPlaces(Stream()));

        // Eight clips with a defect at the same place: moved apart they lie there together again with a probability of 4⁻⁷.
        DefectClustering together = new(new DefectSample([.. "abcdefgh".Select(name => Steps($"{name}", 5, 1, 5, 5))], Level));
        Assert.Equal((0, 0), (together.OverClips().Estimate(), Math.Round(together.OverClips().Of([0, 0, 1]), 12)));
        (double gini, double atRandom, double pValue) = together.OverPlaces(Stream());
        Assert.Equal((0.75, 1.0 / (DefectClustering.Shuffles + 1)), (gini, pValue));
        Assert.InRange(atRandom, 0.1, 0.6);

        // Nothing is nowhere.
        DefectClustering none = new(new DefectSample([Steps("a", 5, 5, 5, 5)], Level));
        Assert.True(double.IsNaN(none.OverClips().Estimate()) && double.IsNaN(none.OverPlaces(Stream()).PValue));

        static RandomStream Stream() => new(1, "test");
    }

    [Fact]
    public void AVideoScoreExplainsWhatItsLineDoes()
    {
        // Around the mean of 3: within clips 6 of 10; clip means −1, 1, 0 on scores 0, 1, 1: 3 of 10 on the line.
        QualityVariance variance = new(new DefectSample([new("a", "a", Pair, [1, 3], 0), new("b", "b", Pair, [3, 5], 1), new("c", "c", Pair, [2, 4], 1)], Level));
        Assert.Equal((0.6, 0.3, 0.7), (Math.Round(variance.WithinClips().Estimate(), 12), Math.Round(variance.Explained().Estimate(), 12), Math.Round(variance.Missed().Estimate(), 12)));

        // Of the first two alone everything between clips.
        Assert.Equal(0.5, variance.Missed().Of([0, 1]), 1e-12);

        // Scores that are all the same say nothing, and patches that are all the same have no variance.
        Assert.Equal(1, new QualityVariance(new DefectSample([new("a", "a", Pair, [1, 3], 2), new("b", "b", Pair, [3, 5], 2)], Level)).Missed().Estimate());
        Assert.True(double.IsNaN(new QualityVariance(new DefectSample([new("a", "a", Pair, [3, 3], 2)], Level)).Missed().Estimate()));
    }

    [Fact]
    public void ALevelIsChosenByWhatPeopleSay()
    {
        // Below 2.5: two of three defective ones and none of the others. Of six pairs of another and a defective one five are in order.
        DefectLevel level = DefectLevel.OfPeople([1, 2, 3, 4, 5], [true, true, false, true, false]);
        Assert.Equal((2.5, 2 / 3.0, 1.0, 5), (level.Value, level.Sensitivity, level.Specificity, level.Patches));
        Assert.Equal(5 / 6.0, level.Separation, 1e-12);
        Assert.Equal(3, DefectLevel.Middle(1, 5).Value);
        Assert.Throws<InputException>(() => DefectLevel.OfPeople([1, 2], [false, false]));
        Assert.Throws<InputException>(() => DefectLevel.OfPeople([1, 2], [true, true]));
    }

    [Theory]
    [InlineData("a red circle", 3, 12, 1)]
    [InlineData(" A red circle, moving left, and a blue square. ", 9, 45, 3)]
    [InlineData("rain and snow; wind. Sand", 5, 25, 4)]
    [InlineData("1.5 metres of sandy band", 5, 24, 1)]
    [InlineData("", 0, 0, 1)]
    public void PromptsAreCounted(string prompt, int words, int characters, int parts) => Assert.Equal(new PromptFeatures(words, characters, parts), PromptFeatures.Of(prompt));

    /// <summary>Six prompts, on each of which the second model has one of two defective patches less; a seventh that only one of them has.</summary>
    [Fact]
    public void ModelsAreComparedOnThePromptsOfBoth()
    {
        JudgedClip[] bad = [.. Enumerable.Range(0, 7).Select(i => new JudgedClip($"clip {i}", $"prompt {i}", Pair, [2, 2], i))];
        JudgedClip[] better = [.. bad.Take(6).Select(clip => clip with { Qualities = [2, 4] })];
        DefectComparison comparison = new(new DefectSample(bad, Level), new DefectSample(better, Level), -0.3, seed: 1);
        Assert.Equal(6, comparison.Prompts.Count);

        // Two of 2⁶ signs are as extreme. The declared one is not corrected; of the other four two are.
        (string Name, double First, double Second, double P, double Holm)[] expected =
        [
            ("patches that are defective", 1, 0.5, 0.03125, double.NaN),
            ("clips with a defective patch", 1, 1, 1, 1),
            ("time 1", 1, 0.5, 0.03125, 0.125),
            ("row 1, column 1", 1, 1, 1, 1),
            ("row 1, column 2", 1, 0, 0.03125, 0.125),
        ];
        Assert.Equal(expected, comparison.Differences.Select(row => (row.Name, row.First, row.Second, row.Difference.PValue, row.Holm)));
        Assert.Equal(new Interval(-0.5, -0.5, -0.5, 0.95), comparison.Differences[0].Difference.Mean);

        // Prompts that all differ by the same need two of them, whatever the effect.
        Assert.Equal([("asked for", -0.3, 2), ("10 % of the defects gone", -0.1, 2), ("25 % of the defects gone", -0.25, 2), ("50 % of the defects gone", -0.5, 2), ("as found here", -0.5, (int?)2)], comparison.PowerAnalysis());
        Assert.Throws<InputException>(() => new DefectComparison(new DefectSample(bad[..1], Level), new DefectSample(better[1..], Level), double.NaN, 1));
        Assert.Throws<InputException>(() => new DefectComparison(new DefectSample(bad, Level), new DefectSample([Steps("prompt 1", 1, 1, 1, 1)], Level), double.NaN, 1));
    }

    private static JudgedClip Steps(string prompt, params double[] qualities) => new(prompt, prompt, Line, qualities, 0);
}
