using HaloLab.Evaluation.Defects;
using HaloLab.Experiments.Defects;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments.Defects;

/// <summary>Labels of patches as a judge of defects.</summary>
public sealed class LabelledPatchesTests : IDisposable
{
    private static readonly PatchGrid Grid = new(1, 1, 2);
    private static readonly string Clip = new('a', 64);
    private static readonly Dictionary<string, string> Files = new() { ["/clips/a.mp4"] = Clip, ["/clips/b.mp4"] = new string('b', 64) };
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-labelled").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AnAnnotatorCountsOnceAndAMissingAnswerIsNone()
    {
        using LabelStore store = Store(
            Grade("anna", 0, 2) with { Defect = DefectType.Blurred },
            Grade("anna", 0, 5) with { ResponseId = "asked again" },
            Grade("ben", 0, 3) with { Defect = DefectType.Blurred },
            Grade("cleo", 0, 1) with { Defect = DefectType.Missing },
            Grade("anna", 1, null) with { Unanswered = Unanswered.CannotTell },
            Grade("anna", 1, 1) with { Dimension = TrainingDimension.Of("local defect") },
            Grade("teacher", 1, 1) with { AnnotatorKind = AnnotatorKind.Model },
            Whole("anna", 4),
            Whole("ben", 1));
        LabelledPatches labels = LabelledPatches.Read(store, null, [], null);
        PatchVerdicts verdicts = labels.Verdicts(Files);
        Assert.Equal("'local defect' by people (anna, ben, cleo)", labels.Judge);
        Assert.Equal((Grid, (1, 5)), (verdicts.Grid, verdicts.Scale));
        (IReadOnlyList<double> qualities, IReadOnlyList<DefectType?>? kinds) = verdicts.Clips["/clips/a.mp4"];
        Assert.Equal([2, double.NaN], qualities);
        Assert.Equal([DefectType.Blurred, null], kinds);
        Assert.Equal(["/clips/a.mp4"], verdicts.Clips.Keys);
        Assert.Equal(2.5, labels.Videos(Files, null).Clips["/clips/a.mp4"]);

        // One of them, and the teacher where it is asked for.
        Assert.Equal([3, double.NaN], LabelledPatches.Read(store, null, ["ben"], Grid).Verdicts(Files).Clips["/clips/a.mp4"].Qualities);
        Assert.Equal([double.NaN, 1], LabelledPatches.Read(store, null, ["teacher"], null).Verdicts(Files).Clips["/clips/a.mp4"].Qualities);
    }

    [Fact]
    public void AFallingScaleIsTurnedRoundAndKindsAloneAreShares()
    {
        Label falling = Grade("anna", 0, 1) with { Scale = new RatingScale(10, 0, isWhole: false) };
        using (LabelStore store = Store(falling))
        {
            PatchVerdicts verdicts = LabelledPatches.Read(store, null, [], null).Verdicts(Files);
            Assert.Equal([9, double.NaN], verdicts.Clips["/clips/a.mp4"].Qualities);
            Assert.Equal((0, 10), verdicts.Scale);
        }

        using (LabelStore store = Store(Kind("anna", 0, DefectType.None), Kind("ben", 0, DefectType.Flickering), Kind("cleo", 0, DefectType.Deformed), Kind("anna", 1, DefectType.None)))
        {
            PatchVerdicts verdicts = LabelledPatches.Read(store, null, [], null).Verdicts(Files);
            Assert.Equal([1 / 3.0, 1], verdicts.Clips["/clips/a.mp4"].Qualities);
            Assert.Equal([DefectType.Deformed, null], verdicts.Clips["/clips/a.mp4"].Kinds);
            Assert.Equal((0, 1), verdicts.Scale);
        }
    }

    [Fact]
    public void TheLevelOfRewardsComesFromGrades()
    {
        using LabelStore store = Store(Grade("anna", 0, 2), Grade("anna", 1, 3));
        LabelledPatches people = LabelledPatches.Read(store, null, [], null);
        PatchVerdicts Rewards(PatchGrid grid) => new("a model", grid, null, new Dictionary<string, (IReadOnlyList<double>, IReadOnlyList<DefectType?>?)> { ["/clips/a.mp4"] = (Enumerable.Range(0, grid.Count).Select(i => i - 7.0).ToArray(), null) });
        DefectLevel level = people.LevelFor(Rewards(Grid), Files);
        Assert.Equal((-6.5, 1.0, 1.0, 2), (level.Value, level.Sensitivity, level.Specificity, level.Patches));
        Assert.Contains("on 1x1x2, and the rewards are on 1x1x3", Assert.Throws<InputException>(() => people.LevelFor(Rewards(new PatchGrid(1, 1, 3)), Files)).Message, StringComparison.Ordinal);
        Assert.Contains("none of its labelled clips", Assert.Throws<InputException>(() => people.LevelFor(Rewards(Grid), new Dictionary<string, string>())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsOpenIsAsked()
    {
        using LabelStore store = Store(
            Grade("anna", 0, 2), Grade("anna", 0, 2) with { Dimension = "visual quality", Scale = new RatingScale(1, 4, isWhole: true) }, Grade("ben", 0, 1) with { Grid = new PatchGrid(2, 2, 2) },
            Grade("teacher", 0, 2) with { AnnotatorKind = AnnotatorKind.Model });
        Refuses("on several dimensions (local defect, visual quality)", null, [], null);
        Refuses("has no patch judged on 'mood'", "mood", [], null);
        Refuses("on several grids (1x1x2, 2x2x2)", "local defect", [], null);
        Refuses("has no patches of 4x4x4", "local defect", [], new PatchGrid(4, 4, 4));
        Refuses("has no label of 'zoe'", null, ["zoe"], null);
        Refuses("never mixed", null, ["anna", "teacher"], null);
        Assert.Contains("no rating of a whole video", Assert.Throws<InputException>(() => LabelledPatches.Read(store, "local defect", ["anna"], null).Videos(Files, null)).Message, StringComparison.Ordinal);
        using LabelStore empty = LabelStore.OpenOrCreate(Path.Combine(_folder, "empty.sqlite"));
        Assert.Contains("has no label of a patch", Assert.Throws<InputException>(() => LabelledPatches.Read(empty, null, [], null)).Message, StringComparison.Ordinal);

        void Refuses(string expected, string? dimension, string[] annotators, PatchGrid? grid) =>
            Assert.Contains(expected, Assert.Throws<InputException>(() => LabelledPatches.Read(store, dimension, annotators, grid)).Message, StringComparison.Ordinal);
    }

    private LabelStore Store(params Label[] labels)
    {
        LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, Path.GetRandomFileName() + ".sqlite"));
        store.Append(labels, "test");
        return store;
    }

    private static Label Grade(string annotator, int cell, double? value) => new()
    {
        Clip = Clip,
        Prompt = "a cat",
        Grid = Grid,
        Cell = cell,
        Dimension = "local defect",
        Value = value,
        Scale = value is null ? null : new RatingScale(1, 5, isWhole: true),
        Annotator = annotator,
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static Label Kind(string annotator, int cell, DefectType kind) => Grade(annotator, cell, null) with { Defect = kind };

    private static Label Whole(string annotator, double value) => Grade(annotator, 0, value) with { Grid = null, Cell = null, Dimension = "visual quality" };
}
