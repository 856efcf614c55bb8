using System.Globalization;
using System.Text.Json;
using HaloLab.Evaluation.Agreement;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Evaluation.Agreement;

public class AnnotatorAgreementTests
{
    private static readonly RatingScale Grades = new(1, 5, isWhole: true);

    /// <summary>From labels to statistics: α and κ are those of the reference implementations.</summary>
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "agreement" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        JsonElement krippendorff = data.GetProperty("krippendorff");
        double[][] units = krippendorff.Rows("ratings_units_by_raters_null_missing");
        AnnotatorAgreement ordinal = Agreement(Labels(units));
        JsonNumbers.Close(krippendorff.GetProperty("expected").GetProperty("ordinal"), ordinal.Alpha.Estimate, "ordinal");
        Assert.True(ordinal.Alpha.IsDefined && ordinal.Alpha.Low < ordinal.Alpha.High);
        AnnotatorAgreement interval = Agreement(Labels(units).Select(label => label with { Scale = null }));
        Assert.Equal(RatingKind.Score, interval.Table.Kind);
        JsonNumbers.Close(krippendorff.GetProperty("expected").GetProperty("interval"), interval.Alpha.Estimate, "interval");
        Assert.Empty(interval.Pairs);

        // Kinds of defects have no order: the same categories under their names.
        AnnotatorAgreement nominal = Agreement(Labels(units).Select(label => label with { Value = null, Scale = null, Defect = (DefectType)(int)label.Value! }));
        JsonNumbers.Close(krippendorff.GetProperty("expected").GetProperty("nominal"), nominal.Alpha.Estimate, "nominal");

        JsonElement cohen = data.GetProperty("cohen");
        double[][] two = [.. cohen.Integers("a").Zip(cohen.Integers("b"), (a, b) => new double[] { a, b })];
        JsonNumbers.Close(cohen.GetProperty("expected").GetProperty("quadratic"), Assert.Single(Agreement(Labels(two)).Pairs).Kappa.Estimate, "quadratic");
        JsonNumbers.Close(
            cohen.GetProperty("expected").GetProperty("none"),
            Assert.Single(Agreement(Labels(two).Select(label => label with { Value = null, Scale = null, Defect = (DefectType)(int)label.Value! })).Pairs).Kappa.Estimate,
            "none");
    }

    [Fact]
    public void AlphaOfCellsAndHabitsByHand()
    {
        // Two annotators, two cells, four clips. In cell 0 they agree always; in cell 1 the second always says 5 where the first says 1 and the other way round.
        PatchGrid grid = new(1, 1, 2);
        List<Label> labels = [];
        for (int clip = 0; clip < 4; clip++)
        {
            double grade = clip % 2 == 0 ? 1 : 5;
            labels.Add(Label("a", clip, grade) with { Grid = grid, Cell = 0 });
            labels.Add(Label("b", clip, grade) with { Grid = grid, Cell = 0 });
            labels.Add(Label("a", clip, grade) with { Grid = grid, Cell = 1 });
            labels.Add(Label("b", clip, 6 - grade) with { Grid = grid, Cell = 1 });
        }

        AnnotatorAgreement agreement = Agreement(labels);
        Assert.Equal("quality, patches of 1x1x2", agreement.Table.Title);
        Assert.Equal(1.0, agreement.AlphaOfCells[0].Estimate, 1e-12);

        // Eight ratings, four of each grade, never the same in a unit: 1 − (n − 1)·8/(2·4·4) = 1 − 7·8/32.
        Assert.Equal(-0.75, agreement.AlphaOfCells[1].Estimate, 1e-12);

        // All together: 16 ratings, half of the units disagree: 1 − 15·8/(2·8·8).
        Assert.Equal(1 - (15.0 * 8 / 128), agreement.Alpha.Estimate, 1e-12);
        Assert.Equal([0.0, 4.0], agreement.DisagreementOfCells);
        Assert.Equal([0.0, 4.0], agreement.Habits[0].DisagreementOfCells);
        Assert.Equal(0.0, agreement.Habits[0].Difference.Estimate, 1e-12);
        Assert.Equal(4, agreement.Disputed(10).Count);
        Assert.All(agreement.Disputed(10), unit => Assert.Equal(1, unit.Cell));
        Assert.Equal((8, 0.5), (agreement.Pairs[0].Units, agreement.Pairs[0].Same));

        // Four clusters are too few for an interval.
        Assert.False(agreement.Alpha.IsDefined);
    }

    [Fact]
    public void TheOddOneOutAndTheCeilingByHand()
    {
        // Three annotators on six clips of six prompts; the third grades two lower, the first two agree.
        double[][] ratings = [[5, 5, 3], [4, 4, 2], [3, 3, 1], [5, 5, 3], [4, 4, 2], [3, 3, 1]];
        AnnotatorAgreement agreement = Agreement(Labels(ratings));
        Assert.Equal(-2.0, agreement.Habits[2].Difference.Estimate, 1e-12);
        Assert.Equal(1.0, agreement.Habits[0].Difference.Estimate, 1e-12);
        Assert.Equal(1.0, agreement.Habits[2].AlphaWithout, 1e-12);
        Assert.True(agreement.Habits[0].AlphaWithout < agreement.Alpha.Estimate);

        // They order clips in the same way.
        CeilingMeasure ceiling = agreement.Ceilings[0];
        Assert.Equal("Spearman's correlation over clips", ceiling.Measure);
        Assert.Equal(1.0, ceiling.Value.Estimate, 1e-12);
    }

    [Fact]
    public void ChoicesTiesAndMissingAnswers()
    {
        // Six pairs; the third annotator is against the others once and has no preference once.
        PairChoice[][] choices =
        [
            [PairChoice.A, PairChoice.A, PairChoice.A], [PairChoice.B, PairChoice.B, PairChoice.B], [PairChoice.A, PairChoice.A, PairChoice.B],
            [PairChoice.A, PairChoice.A, PairChoice.Same], [PairChoice.B, PairChoice.B, PairChoice.B], [PairChoice.A, PairChoice.A, PairChoice.A],
        ];
        List<Label> labels = [.. choices.SelectMany((row, clip) => row.Select((choice, i) => Label("abc"[i].ToString(), clip, null) with { OtherClip = ClipName(100 + clip), Choice = choice }))];
        labels.Add(Label("a", 50, null) with { OtherClip = ClipName(150), Unanswered = Unanswered.CannotTell });
        AnnotatorAgreement agreement = Agreement(labels);
        Assert.Equal((RatingKind.Choice, 6), (agreement.Table.Kind, agreement.Table.Units.Count));

        // Against the others' mean: a and b 6 of 6 each, but in the third pair the others' mean is no preference; c 4.5 of 6. (5 + 5 + 4.5)/(5 + 5 + 6).
        Assert.Equal(14.5 / 16, Assert.Single(agreement.Ceilings).Value.Estimate, 1e-12);
        Assert.Equal(1.0, agreement.Pairs.Single(pair => pair is { First: "a", Second: "b" }).Kappa.Estimate, 1e-12);
        Assert.Equal(4.0 / 6, agreement.Pairs.Single(pair => pair is { First: "a", Second: "c" }).Same, 1e-12);
    }

    [Fact]
    public void WhatWasAskedAgainIsComparedWithItself()
    {
        List<Label> labels = [.. Labels([[1, 1], [5, 5], [3, 4]])];
        labels.AddRange([Label("a", 0, 1) with { ResponseId = "again" }, Label("a", 1, 3) with { ResponseId = "again" }]);
        AnnotatorAgreement agreement = Agreement(labels);
        SelfRepeats repeats = Assert.Single(agreement.Repeats);
        Assert.Equal(("a", 2, 0.5), (repeats.Annotator, repeats.Units, repeats.Same));
        Assert.Equal(5, agreement.Table.Units[1].Ratings[0]);
    }

    [Fact]
    public void IntervalsAreOverPrompts()
    {
        // All clips of a prompt say the same: forty clips of eight prompts know no more than eight clips.
        RandomStream stream = new(3, "agreement intervals");
        double[][] eight = [.. Enumerable.Range(0, 8).Select(_ => new double[] { 1 + stream.Next(5), 1 + stream.Next(5) })];
        IEnumerable<Label> forty = Enumerable.Range(0, 40).SelectMany(clip => eight[clip % 8].Select((grade, i) => Label("ab"[i].ToString(), clip, grade) with { Prompt = string.Create(CultureInfo.InvariantCulture, $"prompt {clip % 8}") }));
        AnnotatorAgreement many = Agreement(forty);
        Assert.Equal((8, 40), (many.Clusters, many.Table.Units.Count));
        AnnotatorAgreement few = Agreement(Labels(eight));
        Assert.InRange(many.Alpha.High - many.Alpha.Low, 0.75 * (few.Alpha.High - few.Alpha.Low), 1.25 * (few.Alpha.High - few.Alpha.Low));

        // The same seed draws the same.
        Assert.Equal(many.Alpha, Agreement(forty).Alpha);
    }

    [Fact]
    public void TablesKeepDimensionsGridsAndScalesApart()
    {
        IEnumerable<Label> two = Labels([[1, 2], [3, 4]]);
        RatingTable[] tables =
        [
            .. RatingTable.Of(
            [
                .. two, .. two.Select(label => label with { Dimension = "other" }), .. two.Select(label => label with { Grid = new PatchGrid(1, 1, 1), Cell = 0, Defect = DefectType.Blurred }),
                .. two.Select(label => label with { Scale = new RatingScale(0, 10, isWhole: true) }), Label("alone", 1, 3) with { Dimension = "of one annotator" },
            ]),
        ];
        Assert.Equal(
            ["other, whole videos", "quality, whole videos", "quality, whole videos", "quality, patches of 1x1x1", "quality (kind), patches of 1x1x1"],
            tables.Select(table => table.Title));
        Assert.Equal([5, 5, 11, 5, 8], tables.Select(table => table.Values.Count).ToArray());
    }

    private static AnnotatorAgreement Agreement(IEnumerable<Label> labels) => new(Assert.Single(RatingTable.Of(labels)), 1);

    /// <summary>Units × annotators a, b, c …, each unit a clip of a prompt of its own.</summary>
    private static IEnumerable<Label> Labels(double[][] units) =>
        units.SelectMany((unit, clip) => unit.Select((grade, i) => (grade, i)).Where(pair => !double.IsNaN(pair.grade)).Select(pair => Label("abcdefgh"[pair.i].ToString(), clip, pair.grade)));

    private static Label Label(string annotator, int clip, double? grade) => new()
    {
        Clip = ClipName(clip),
        Dimension = "quality",
        Value = grade,
        Scale = grade is null ? null : Grades,
        Annotator = annotator,
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static string ClipName(int clip) => string.Create(CultureInfo.InvariantCulture, $"test:{clip:000}");
}
