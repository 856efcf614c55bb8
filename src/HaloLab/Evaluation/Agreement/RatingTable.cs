using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Agreement;

/// <summary>The answers of several annotators to one kind of question: units × annotators.</summary>
public sealed class RatingTable
{
    private RatingTable(string dimension, PatchGrid? grid, RatingKind kind, IReadOnlyList<double> values, IReadOnlyList<string> annotators, IReadOnlyList<RatedUnit> units, IReadOnlyList<(string, double, double)> repeats)
    {
        (Dimension, Grid, Kind, Values, Annotators, Units, Repeats) = (dimension, grid, kind, values, annotators, units, repeats);
    }

    /// <summary>What was judged.</summary>
    public string Dimension { get; }

    /// <summary>The patches, or null for whole videos.</summary>
    public PatchGrid? Grid { get; }

    public RatingKind Kind { get; }

    /// <summary>Every value that a rating can have, rising; for scores those that occur.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<string> Annotators { get; }

    public IReadOnlyList<RatedUnit> Units { get; }

    /// <summary>Where an annotator was asked the same again: annotator, first answer, second answer.</summary>
    public IReadOnlyList<(string Annotator, double First, double Second)> Repeats { get; }

    /// <summary>For example <c>local defect, patches of 4x4x4</c>.</summary>
    public string Title => $"{Dimension}{(Kind == RatingKind.Defect ? " (kind)" : "")}, {(Grid is { } grid ? $"patches of {grid}" : "whole videos")}{(Kind == RatingKind.Choice ? ", A or B" : "")}";

    /// <summary>What differences mean: kinds of defects are names, grades and choices are ordered, scores have distances.</summary>
    public MeasurementLevel Level => Kind switch
    {
        RatingKind.Defect => MeasurementLevel.Nominal,
        RatingKind.Score => MeasurementLevel.Interval,
        _ => MeasurementLevel.Ordinal,
    };

    /// <summary>
    /// Sorts labels into tables: one for each dimension, grid, scale and kind of answer that at least two annotators gave. Labels without an answer are missing
    /// ratings. An annotator's first answer to a question counts; answers to its repetitions go to <see cref="Repeats"/>.
    /// </summary>
    /// <param name="labels">Current labels in the order of writing.</param>
    public static IReadOnlyList<RatingTable> Of(IEnumerable<Label> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return
        [
            .. labels.SelectMany(Answers)
                .GroupBy(answer => (answer.Label.Dimension, answer.Label.Grid, answer.Label.Scale, answer.Kind))
                .OrderBy(group => group.Key.Grid is null ? 0 : 1)
                .ThenBy(group => group.Key.Dimension, StringComparer.Ordinal)
                .ThenBy(group => group.Key.Grid?.ToString(), StringComparer.Ordinal)
                .ThenBy(group => group.Key.Kind)
                .Select(group => Build(group.Key.Dimension, group.Key.Grid, group.Key.Scale, group.Key.Kind, [.. group]))
                .Where(table => table.Annotators.Count > 1),
        ];
    }

    private static IEnumerable<Answer> Answers(Label label)
    {
        if (label.Choice is { } choice)
        {
            yield return new Answer(label with { Scale = null }, RatingKind.Choice, choice switch { PairChoice.A => 1, PairChoice.B => -1, _ => 0 });
        }

        if (label.Value is { } value)
        {
            yield return new Answer(label, label.Scale?.IsWhole == true ? RatingKind.Grade : RatingKind.Score, value);
        }

        if (label.Defect is { } defect)
        {
            yield return new Answer(label with { Scale = null }, RatingKind.Defect, (int)defect);
        }
    }

    private static RatingTable Build(string dimension, PatchGrid? grid, RatingScale? scale, RatingKind kind, Answer[] answers)
    {
        string[] annotators = [.. answers.Select(answer => answer.Label.Annotator).Distinct().Order(StringComparer.Ordinal)];
        List<RatedUnit> units = [];
        List<(string, double, double)> repeats = [];
        foreach (IGrouping<(string, string?, string?, int?), Answer> unit in answers.GroupBy(answer => (answer.Label.Clip, answer.Label.OtherClip, answer.Label.Prompt, answer.Label.Cell)))
        {
            double[] ratings = new double[annotators.Length];
            Array.Fill(ratings, double.NaN);
            foreach (Answer answer in unit)
            {
                int annotator = Array.BinarySearch(annotators, answer.Label.Annotator, StringComparer.Ordinal);
                if (double.IsNaN(ratings[annotator]))
                {
                    ratings[annotator] = answer.Rating;
                }
                else
                {
                    repeats.Add((annotators[annotator], ratings[annotator], answer.Rating));
                }
            }

            units.Add(new RatedUnit(unit.Key.Item1, unit.Key.Item2, unit.Key.Item3, unit.Key.Item4, ratings));
        }

        double[] values = kind switch
        {
            RatingKind.Choice => [-1, 0, 1],
            RatingKind.Defect => [.. Enum.GetValues<DefectType>().Select(type => (double)(int)type)],
            RatingKind.Grade => [.. Grades(scale!.Value)],
            _ => [.. answers.Select(answer => answer.Rating).Distinct().Order()],
        };
        return new RatingTable(dimension, grid, kind, values, annotators, units, repeats);
    }

    private static IEnumerable<double> Grades(RatingScale scale)
    {
        for (double grade = Math.Min(scale.Worst, scale.Best); grade <= Math.Max(scale.Worst, scale.Best); grade++)
        {
            yield return grade;
        }
    }

    private sealed record Answer(Label Label, RatingKind Kind, double Rating);
}
