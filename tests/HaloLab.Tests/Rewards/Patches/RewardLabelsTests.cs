using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;
using Microsoft.Data.Sqlite;

namespace HaloLab.Tests.Rewards.Patches;

public sealed class RewardLabelsTests : IDisposable
{
    private static readonly string[] Rewards = ["VQ", "MQ", "TA"];
    private static readonly RatingScale Grades = new(1, 5, isWhole: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-labels").FullName;
    private readonly LabelStore _store;

    public RewardLabelsTests() => _store = LabelStore.OpenOrCreate(Path.Combine(_folder, "labels.sqlite"));

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void RepeatedGradesAreOneSoftLabelWeightedByAnnotatorAndConfidence()
    {
        Append(
            Patch("a", 3, 5, "anna", confidence: 0.5),
            Patch("a", 3, 4, "bert"),
            Patch("a", 3, 1, "carl"),
            Patch("a", 4, 2, "carl"));
        RewardLabels labels = Read(new RewardLabelOptions { WeighsByConfidence = true, AnnotatorWeights = new Dictionary<string, double> { ["bert"] = 3, ["carl"] = 0 } });

        // Cell 3: anna's 5 with 1 · 0.5 / 2, bert's 4 with 3 / 2; carl is left out, and so is cell 4.
        Assert.Equal([(3, 5.0, 0.25), (3, 4.0, 1.5)], labels.Patches.Select(grade => (grade.Cell, grade.Value, grade.Weight)));
        Assert.Equal(1, labels.LabelledPatches);
        Assert.Equal([("local defect", new GradeRange(1, 5))], labels.PatchDimensions.Select(dimension => (dimension.Name, dimension.Grades!.Value)));

        RewardLabels plain = Read(new RewardLabelOptions());
        Assert.Equal([1 / 3.0, 1 / 3.0, 1 / 3.0, 1], plain.Patches.Select(grade => grade.Weight));
        Assert.NotEqual(labels.ContentHash(), plain.ContentHash());
    }

    [Fact]
    public void ScalesOnWhichLessIsBetterAreTurnedRound()
    {
        Append(Patch("a", 0, 255, "map") with { Scale = new RatingScale(255, 0, isWhole: false) }, Patch("a", 1, 10, "map") with { Scale = new RatingScale(255, 0, isWhole: false) });
        RewardLabels labels = Read(new RewardLabelOptions());
        Assert.Equal([0, 245], labels.Patches.Select(grade => grade.Value));
        Assert.Null(labels.PatchDimensions[0].Grades);
    }

    [Fact]
    public void AComparisonIsOneQuestionInEitherOrderAndTiesStayTies()
    {
        Append(
            Pair("b", "a", PairChoice.A, "anna"),
            Pair("a", "b", PairChoice.A, "bert"),
            Pair("a", "b", PairChoice.Same, "carl"),
            Pair("a", "b", PairChoice.A, "anna", "MQ"));
        RewardLabels labels = Read(new RewardLabelOptions());
        Assert.Equal([Hash("a"), Hash("b")], labels.Clips.Select(clip => clip.Clip));
        Assert.Equal(
            [(0, PairLabel.B, 1 / 3.0), (0, PairLabel.A, 1 / 3.0), (0, PairLabel.Same, 1 / 3.0), (1, PairLabel.A, 1.0)],
            labels.Comparisons.Select(pair => (pair.Dimension, pair.Label, pair.Weight)));
        Assert.All(labels.Comparisons, pair => Assert.Equal((0, 1), (pair.A, pair.B)));
    }

    [Fact]
    public void DimensionsOfTheStoreGoToTheRewardsThatAreNamed()
    {
        Append(Rating("a", "visual quality", 3), Rating("a", "mood", 2), Rating("b", "vq", 4) with { Scale = Grades });
        Assert.Equal([(0, 0, 4.0)], Read(new RewardLabelOptions()).Ratings.Select(rating => (rating.Clip, rating.Dimension, rating.Value)));
        RewardLabels named = Read(new RewardLabelOptions { VideoDimensions = ["VQ=visual quality", "TA=mood"] });
        Assert.Equal([(0, 0, 3.0), (0, 2, 2.0)], named.Ratings.Select(rating => (rating.Clip, rating.Dimension, rating.Value)).Order());
        Assert.Equal([2.0], RewardLabels.Read(_store, new RewardLabelOptions { VideoDimensions = ["mood"] }, ["video reward"]).Ratings.Select(rating => rating.Value));
    }

    [Fact]
    public void ABudgetKeepsNestedPatchesAndEveryVideoLabel()
    {
        Append([.. from clip in new[] { "a", "b", "c" } from cell in Enumerable.Range(0, 8) select Patch(clip, cell, 1 + (cell % 5), "anna"), Rating("a", "VQ", 3)]);
        RewardLabels all = Read(new RewardLabelOptions());
        Assert.Equal(24, all.LabelledPatches);
        HashSet<(int, int)>[] kept = [.. new[] { 3, 8, 11, 24 }.Select(budget =>
        {
            RewardLabels some = all.WithPatches(budget, runSeed: 5);
            Assert.Equal(budget, some.LabelledPatches);
            Assert.Single(some.Ratings);
            return some.Patches.Select(grade => (grade.Clip, grade.Cell)).ToHashSet();
        })];
        Assert.True(kept.Zip(kept[1..]).All(pair => pair.First.IsSubsetOf(pair.Second)));
        Assert.NotEqual(kept[0], all.WithPatches(3, runSeed: 6).Patches.Select(grade => (grade.Clip, grade.Cell)).ToHashSet());
    }

    [Fact]
    public void WhatCannotBeUsedIsRefusedByName()
    {
        Refused("holds no label", new RewardLabelOptions());
        Append(new Label { Clip = Hash("a"), Prompt = "p", Dimension = "VQ", Annotator = "anna", AnnotatorKind = AnnotatorKind.Human, Unanswered = Unanswered.CannotTell });
        Refused("no label to learn from", new RewardLabelOptions());
        Append(Patch("a", 0, 3, "anna"), Patch("a", 0, 3, "anna") with { Dimension = "visual quality" });
        Refused("several dimensions (local defect, visual quality). Name those to learn with --patch-dimensions", new RewardLabelOptions());
        Refused("no patch graded on 'mood'", new RewardLabelOptions { PatchDimensions = ["mood"] });
        Refused("no label of 'zoe'. Annotators: anna", new RewardLabelOptions { Annotators = ["zoe"] });
        Assert.Equal(2, Read(new RewardLabelOptions { PatchDimensions = ["local defect", "visual quality"] }).PatchDimensions.Count);
        RewardLabelOptions one = new() { PatchDimensions = ["local defect"] };
        Append(Rating("a", "mood", 3));
        Refused("clips are rated on mood, the video reward is VQ, MQ, TA", one);
        Refused("--video-dimensions XX=mood: the video rewards are called VQ, MQ, TA", one with { VideoDimensions = ["XX=mood"] });
        Refused("rated or compared on 'fun'", one with { VideoDimensions = ["VQ=fun"] });
        Assert.Empty(Read(one with { VideoDimensions = [] }).Ratings);
        Append(Patch("b", 0, 0.3, "bert") with { Scale = new RatingScale(0, 1, isWhole: false) });
        Refused("'local defect' was judged on different scales", one with { VideoDimensions = [] });
        Refused("the prompt of clip", one with { VideoDimensions = [] }, () => Append(Patch("c", 0, 3, "anna") with { Prompt = null, ResponseId = "x" }), "anna");
    }

    [Theory]
    [InlineData("1e999", "")]
    [InlineData("7", "whole grades from 1 (worst) to 5 (best)")]
    public void AValueThatIsNotOnItsScaleIsRefused(string value, string expected)
    {
        Append(Patch("a", 0, 3, "anna"));
        using (SqliteConnection connection = new($"Data Source={_store.Path};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"DROP TRIGGER label_is_append_only_1; UPDATE label SET value = {value}";
            command.ExecuteNonQuery();
        }

        InputException refusal = Assert.Throws<InputException>(() => Read(new RewardLabelOptions()));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(_store.Path, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PromptsStayTogetherAndSoDoPromptsThatShareAClip()
    {
        LabelledClip[] clips = [.. Enumerable.Range(0, 30).Select(i => new LabelledClip($"clip {i}", $"prompt {i / 2}")), new LabelledClip("clip 0", "prompt 9"), new LabelledClip("clip 4", "prompt 11")];
        PromptSplit split = PromptSplit.Of(clips, 0.2, 0.2, runSeed: 3);
        Assert.Equal(Enumerable.Range(0, clips.Length), split.Training.Concat(split.Validation).Concat(split.Test).Order());
        Dictionary<int, int> part = new[] { split.Training, split.Validation, split.Test }.SelectMany((places, i) => places.Select(place => KeyValuePair.Create(place, i))).ToDictionary();
        foreach (IEnumerable<int> together in clips.Index().GroupBy(item => item.Item.Prompt).Select(group => group.Select(item => item.Index)).Concat(clips.Index().GroupBy(item => item.Item.Clip).Select(group => group.Select(item => item.Index))))
        {
            Assert.Single(together.Select(place => part[place]).Distinct());
        }

        // 13 groups: two prompts of 15 are tied to others.
        Assert.InRange(split.Test.Select(place => clips[place].Prompt).Distinct().Count(), 3, 5);
        Assert.Equal(split.Test, PromptSplit.Of(clips, 0.2, 0.2, runSeed: 3).Test);
        Assert.NotEqual(split.Test, PromptSplit.Of(clips, 0.2, 0.2, runSeed: 4).Test);
        PromptSplit three = PromptSplit.Of([.. clips.Take(6)], 0.15, 0.2, runSeed: 1);
        Assert.Equal((2, 2, 2), (three.Training.Count, three.Validation.Count, three.Test.Count));
        Assert.Contains("at least 3", Assert.Throws<InputException>(() => PromptSplit.Of([.. clips.Take(4)], 0.15, 0.2, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => PromptSplit.Of(clips, 0.6, 0.4, 1));
    }

    private void Refused(string expected, RewardLabelOptions options, Action? before = null, params string[] annotators)
    {
        before?.Invoke();
        InputException refusal = Assert.Throws<InputException>(() => Read(annotators.Length == 0 ? options : options with { Annotators = annotators }));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    private RewardLabels Read(RewardLabelOptions options) => RewardLabels.Read(_store, options, Rewards);

    private void Append(params Label[] labels) => _store.Append(labels, "test");

    private static Label Patch(string clip, int cell, double value, string annotator, double? confidence = null) => new()
    {
        Clip = Hash(clip),
        Prompt = $"prompt of {clip}",
        Grid = new PatchGrid(2, 2, 2),
        Cell = cell,
        Dimension = "local defect",
        Value = value,
        Scale = Grades,
        Confidence = confidence,
        Annotator = annotator,
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static Label Rating(string clip, string dimension, double value) => new()
    {
        Clip = Hash(clip),
        Prompt = $"prompt of {clip}",
        Dimension = dimension,
        Value = value,
        Scale = Grades,
        Annotator = "anna",
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static Label Pair(string a, string b, PairChoice choice, string annotator, string dimension = "VQ") => new()
    {
        Clip = Hash(a),
        OtherClip = Hash(b),
        Prompt = "one prompt",
        Dimension = dimension,
        Choice = choice,
        Annotator = annotator,
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static string Hash(string clip) => string.Concat(Enumerable.Repeat(clip[0], 64));
}
