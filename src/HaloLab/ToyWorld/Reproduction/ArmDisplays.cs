using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Arms side by side, as the report and the notebooks show them.</summary>
public static class ArmDisplays
{
    private const int SmoothedSteps = 10;

    /// <summary>Means over the samples of each arm: defects, both evaluation methods, and what the oracle measures.</summary>
    /// <param name="arms">Titles and judgements; several judgements of one arm are those of several seeds.</param>
    /// <param name="threshold">Severity above which a patch is defective.</param>
    public static DataTable Scores(IEnumerable<(string Title, IReadOnlyList<ArmJudgement> Judgements)> arms, double threshold)
    {
        TableColumn[] columns =
        [
            new("arm"), new("defective patches", true, "0.00 %"), new("clips with a defect", true, "0 %"), new("oracle score", true, "0.000"), new("learned scorer", true, "0.000"),
            new("kind", true, "0.00"), new("colour", true, "0.00"), new("direction", true, "0.00"), new("background", true, "0.00"), new("presence", true, "0.00"), new("motion", true, "0.00"), new("diversity", true, "0.000"),
        ];
        return new DataTable(columns, [.. arms.Select(arm =>
        {
            SampleJudgement[] rows = [.. arm.Judgements.SelectMany(item => item.Rows)];
            return (IReadOnlyList<object?>)[
                arm.Title,
                rows.Average(row => row.DefectShare(threshold)),
                rows.Average(row => row.Severities.Max() > threshold ? 1.0 : 0.0),
                rows.Average(row => row.OracleScore),
                rows.Average(row => row.LearnedScore),
                rows.Average(row => row.Measures.KindObedience),
                rows.Average(row => row.Measures.ColourObedience),
                rows.Average(row => row.Measures.DirectionObedience),
                rows.Average(row => row.Measures.BackgroundObedience),
                rows.Average(row => row.Measures.ObjectPresence),
                rows.Average(row => row.Measures.Motion),
                arm.Judgements.Average(item => item.DiversityOfPrompt.Average()),
            ];
        })]);
    }

    /// <inheritdoc cref="Scores(IEnumerable{ValueTuple{string, IReadOnlyList{ArmJudgement}}}, double)"/>
    public static DataTable Scores(IEnumerable<(string Title, ArmJudgement Judgement)> arms, double threshold) =>
        Scores(arms.Select(arm => (arm.Title, (IReadOnlyList<ArmJudgement>)[arm.Judgement])), threshold);

    /// <summary>The difference of one arm to others on the same prompts and noise, with BCa intervals over prompts.</summary>
    /// <param name="title">What is measured.</param>
    /// <param name="arm">The arm.</param>
    /// <param name="others">What it is held against.</param>
    /// <param name="measure">The measure of a sample.</param>
    /// <param name="seed">Seed of the resampling.</param>
    public static ForestPlot Differences(
        string title, (string Title, ArmJudgement Judgement) arm, IEnumerable<(string Title, ArmJudgement Judgement)> others, Func<SampleJudgement, double> measure, long seed) => new(
        title,
        "difference",
        [.. others.Select(other => new ForestRow($"{arm.Title} − {other.Title}", arm.Judgement.Difference(other.Judgement, measure, new RandomStream(seed, $"{title}: {arm.Title} − {other.Title}")).Bca))]);

    /// <summary>How much each arm had to learn from: an arm with hardly an untied patch is its video term alone.</summary>
    /// <param name="arms">Titles and the metrics of every step.</param>
    public static DataTable Signal(IEnumerable<(string Title, IReadOnlyList<JsonObject> Steps)> arms) => new(
        [new("arm"), new("untied pairs a step", true, "0.0"), new("untied patches a step", true, "0.0"), new("saturated pairs", true, "0 %"), new("saturated patches", true, "0 %")],
        [.. arms.Select(arm => (IReadOnlyList<object?>)[arm.Title, .. new[] { "untied_pairs", "untied_patches", "video_saturated", "patch_saturated" }.Select(metric =>
            Values(arm.Steps, metric) is { Length: > 0 } values ? (object?)values.Average() : null)])]);

    /// <summary>A metric of the arms' trainings, each point the mean of ten steps.</summary>
    /// <param name="title">Title of the chart.</param>
    /// <param name="metric">Name of the metric, for example <c>patch_accuracy</c>; arms without it have no line.</param>
    /// <param name="arms">Titles and the metrics of every step.</param>
    public static LineChart Curves(string title, string metric, IEnumerable<(string Title, IReadOnlyList<JsonObject> Steps)> arms)
    {
        List<ChartSeries> series = [];
        foreach ((string arm, IReadOnlyList<JsonObject> steps) in arms)
        {
            double[] values = Values(steps, metric);
            if (values.Length > 0)
            {
                double[] smooth = [.. values.Select((_, i) => values.Skip(Math.Max(0, i - SmoothedSteps + 1)).Take(Math.Min(i + 1, SmoothedSteps)).Average())];
                series.Add(new ChartSeries(arm, [.. smooth.Select((_, i) => (double)i)], smooth));
            }
        }

        return new LineChart(title, "step", $"mean of {SmoothedSteps} steps", series);
    }

    private static double[] Values(IEnumerable<JsonObject> steps, string metric) => [.. steps.Select(step => step[metric]).Where(value => value is not null).Select(value => value!.GetValue<double>())];
}
