using System.Globalization;
using HaloLab.Displays;
using HaloLab.Evaluation.Ratings;
using HaloLab.Rewards.VideoScore;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// Scorers beside people's ratings of the same videos: the published correlations and ours of the same rows, the correlation over distinct videos with its
/// interval, comparisons of scorers, calibration. What a file has too few videos for says so.
/// </summary>
public sealed class RatingsReport
{
    private const string TooFew = "too few";

    private static readonly IReadOnlyList<string> Dimensions = VideoScoreModel.Dimensions;

    private const int ShownVideos = 10;

    private static readonly double[] Probabilities = [0.55, 0.6, 0.65, 0.7, 0.75, 0.8];

    private readonly IReadOnlyList<ScorerRatings> _scorers;
    private readonly IReadOnlyList<(ScorerRatings Scorer, int Dimension, PreferenceCalibration Calibration)> _preferences;
    private readonly IReadOnlyDictionary<string, double[]> _published;

    /// <param name="folder">Folder of VideoScore's evaluation (<see cref="VideoFeedbackFile"/>).</param>
    /// <exception cref="InputException">It holds no ratings, or broken ones.</exception>
    public RatingsReport(string folder)
    {
        _scorers = [.. VideoFeedbackFile.Find(folder).Select(file => new ScorerRatings(file.Scorer, VideoFeedbackFile.Read(file.Path)))];
        _published = VideoFeedbackFile.Published(folder);
        _preferences = [.. All((scorer, d) => (scorer, d, Calibration: scorer.Preferences(d)!)).Where(item => item.Calibration is not null)];
    }

    /// <summary>Spearman's correlation in per cent: published, ours on the same rows, over distinct videos.</summary>
    public DataTable Correlations() => new(
        [
            new TableColumn("scorer"), new TableColumn("dimension"), new TableColumn("rows", IsNumber: true, "0"), new TableColumn("published", IsNumber: true, "0.0000"),
            new TableColumn("same rows", IsNumber: true, "0.0000"), new TableColumn("videos", IsNumber: true, "0"), new TableColumn("distinct videos", IsNumber: true, "0.0"),
            new TableColumn("95 % interval"), new TableColumn("Kendall", IsNumber: true, "0.0"), new TableColumn("its 95 % interval"),
        ],
        [.. All((scorer, d) =>
        {
            (Interval spearman, int videos) = scorer.OverVideos(d);
            Interval kendall = scorer.KendallOverVideos(d);
            string Bounds(Interval interval) => videos < ScorerRatings.LeastForInterval ? TooFew : interval.IsDefined ? $"{DisplayNumber.Format(100 * interval.Low, "0.0")} to {DisplayNumber.Format(100 * interval.High, "0.0")}" : "";
            return (IReadOnlyList<object?>)
            [
                scorer.Name, Dimensions[d], scorer.Rows.Count, _published.TryGetValue(scorer.Name, out double[]? values) ? Number(values[d]) : null,
                Number(100 * scorer.AsPublished(d).Estimate), videos, Number(100 * spearman.Estimate), Bounds(spearman), Number(100 * kendall.Estimate), Bounds(kendall),
            ];
        })]);

    /// <summary>Pairs of scorers on the videos that both scored, p-values corrected for their number (Holm).</summary>
    public DataTable Comparisons()
    {
        (ScorerRatings A, ScorerRatings B)[] pairs = [.. _scorers.SelectMany((a, i) => _scorers.Skip(i + 1).Select(b => (a, b)))];
        (string A, string B, string Dimension, SignificanceResult? Result)[] rows =
            [.. pairs.SelectMany(pair => Dimensions.Select((dimension, d) => (pair.A.Name, pair.B.Name, dimension, pair.A.Versus(pair.B, d))))];

        // A pair with too few videos in common has one line, not one for each dimension.
        rows = [.. rows.Where(row => row.Result is not null || row.Dimension == Dimensions[0]).Select(row => row.Result is null ? row with { Dimension = "all" } : row)];
        double[] corrected = MultipleComparisons.Holm([.. rows.Where(row => row.Result is not null).Select(row => row.Result!.Value.PValue)]);
        int next = 0;
        return new DataTable(
            [
                new TableColumn("first"), new TableColumn("second"), new TableColumn("dimension"), new TableColumn("common videos", IsNumber: true, "0"),
                new TableColumn("difference", IsNumber: true, "0.0"), new TableColumn("p (Holm)"),
            ],
            [.. rows.Select(row => (IReadOnlyList<object?>)
            [
                row.A, row.B, row.Dimension, row.Result?.Count, row.Result is SignificanceResult result ? 100 * result.Statistic : null,
                row.Result is null ? TooFew : string.Create(CultureInfo.InvariantCulture, $"{corrected[next++]:0.0000}"),
            ])]);
    }

    /// <summary>Distance between scores and the mean rating of the videos with about that score, in grades.</summary>
    public DataTable Calibrations() => new(
        [
            new TableColumn("scorer"), new TableColumn("dimension"), new TableColumn("videos", IsNumber: true, "0"), new TableColumn("expected error"),
            new TableColumn("largest error of a bin"), new TableColumn("bins", IsNumber: true, "0"),
        ],
        [.. All((scorer, d) =>
        {
            CalibrationError? error = scorer.Calibration(d);
            string Grades(double? value) => value is double known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.00}") : TooFew;
            return (IReadOnlyList<object?>)[scorer.Name, Dimensions[d], scorer.OverVideos(d).Videos, Grades(error?.Expected), Grades(error?.Maximum), error?.Bins];
        })]);

    /// <summary>How well differences of scores say which of two videos people rate higher, as they are and calibrated on other videos.</summary>
    public DataTable Preferences() => new(
        [
            new("scorer"), new("dimension"), new("pairs", true, "0"), new("probability"), new("Brier", true, "0.000"), new("reliability", true, "0.0000"), new("resolution", true, "0.0000"), new("uncertainty", true, "0.0000"),
            new("ECE, mass", true, "0.000"), new("ECE, width", true, "0.000"), new("MCE, mass", true, "0.000"), new("MCE, width", true, "0.000"),
        ],
        [.. _preferences.SelectMany(item => PreferenceCalibration.Methods.Select((_, method) =>
        {
            PreferenceReliability found = item.Calibration.Reliability(method);
            return (IReadOnlyList<object?>)
            [
                item.Scorer.Name, Dimensions[item.Dimension], item.Calibration.Pairs.Count, found.Method, found.Brier, found.EqualMass.Reliability, found.EqualMass.Resolution, found.EqualMass.Uncertainty,
                found.EqualMass.ExpectedError, found.EqualWidth.ExpectedError, found.EqualMass.MaximumError, found.EqualWidth.MaximumError,
            ];
        }))]);

    /// <summary>Tie thresholds: from which difference of scores on the scorer is right with a probability.</summary>
    public DataTable Thresholds() => new(
        [new("scorer"), new("dimension"), new("right with probability", true, "0.00"), new("threshold", true), new("pairs tied", true, "0 %"), new("right among the others", true, "0.00")],
        [.. _preferences.SelectMany(item => Probabilities.Select(probability =>
        {
            TieThreshold found = item.Calibration.Threshold(probability);
            return (IReadOnlyList<object?>)[item.Scorer.Name, Dimensions[item.Dimension], found.Probability, Number(found.Margin), found.TiedShare, Number(found.Accuracy)];
        }))]);

    /// <summary>The ten videos on which each scorer and people part most, dimension by dimension.</summary>
    public DataTable Disagreements() => new(
        [new("scorer"), new("dimension"), new("video"), new("people", true, "0.00"), new("score", true), new("place by people", true, "0.00"), new("place by score", true, "0.00")],
        [.. All((scorer, d) => scorer.Disagreements(d, ShownVideos).Select(video => (IReadOnlyList<object?>)[scorer.Name, Dimensions[d], video.Id, video.Human, video.Score, video.HumanPlace, video.ScorePlace])).SelectMany(rows => rows)]);

    /// <summary>The page of all tables, with reliability diagrams.</summary>
    public HtmlPage Page() => new HtmlPage("Scorers beside people's ratings", $"{_scorers.Count} scorers, {Dimensions.Count} dimensions")
        .Add("Spearman's correlation, in per cent", HtmlFragment.Of($"<p>“Same rows” repeats the published figures: every row of the file, repeated videos and missing answers included. “Distinct videos” takes each video once (the mean of its rows; a score of 0 is a missing answer), with a bootstrap interval over videos.</p>"), Correlations().ToHtml())
        .Add("Scorers compared", HtmlFragment.Of($"<p>Difference of the correlations on the videos that both scored, in per cent, with the paired permutation test; at least {ScorerRatings.LeastForComparison} common videos.</p>"), Comparisons().ToHtml())
        .Add("Calibration", HtmlFragment.Of($"<p>In grades, over bins of equal mass; at least {ScorerRatings.LeastForCalibration} videos.</p>"), Calibrations().ToHtml())
        .Add("Preferences", HtmlFragment.Of($"<p>Two videos that people rate differently: the probability that they prefer the first, σ of the difference of scores as it is, and after calibration. Videos are dealt into {PreferenceCalibration.Folds} folds; a pair within a fold is judged by a curve that was fitted to pairs of the others. Reliability − resolution + uncertainty is the Brier score of the means of ten bins of equal mass. ECE and MCE are the expected and the maximum calibration error, with bins of equal mass and of equal width. An isotonic curve cannot fall: where people prefer the lower score it is flat, and the others turn the score round. At least {ScorerRatings.LeastForComparison} videos.</p>"), Preferences().ToHtml(), HtmlFragment.Concat(_preferences.GroupBy(item => item.Scorer.Name).Select(Diagrams)))
        .Add("When is a pair tied?", HtmlFragment.Of($"<p>The difference of scores from which on the scorer is right with a probability (isotonic, by the size of the difference): a threshold for τ. Pairs tied, and how often the scorer is right among the others, are measured across folds. A dash: no difference reaches it.</p>"), Thresholds().ToHtml())
        .Add("Where they part", HtmlFragment.Of($"<p>The {ShownVideos} videos whose places among all, from 0 to 1, differ most.</p>"), Disagreements().ToHtml());

    /// <summary>For each scorer a row: of each dimension the reliability of the difference as it is; intervals draw videos again. Scorers with too few videos have none.</summary>
    public IReadOnlyList<DisplayRow> Diagrams() => [.. _preferences.GroupBy(item => item.Scorer.Name).Select(dimensions => new DisplayRow([.. dimensions.Select(item => Diagram(item, method: 0))]))];

    /// <summary>Of each dimension the reliability of the difference as it is, and of the isotonic curve.</summary>
    private static HtmlFragment Diagrams(IEnumerable<(ScorerRatings Scorer, int Dimension, PreferenceCalibration Calibration)> dimensions)
    {
        HtmlFragment Sized((ScorerRatings Scorer, int Dimension, PreferenceCalibration Calibration) item, int method) => HtmlFragment.Of($"<div style=\"width: 440px\">{Diagram(item, method).ToHtml()}</div>");
        IEnumerable<HtmlFragment> diagrams = dimensions.Select(item => HtmlFragment.Of($"<div class=\"halo-layers\">{Sized(item, 0)}{Sized(item, PreferenceCalibration.Methods.Count - 1)}</div>"));
        return HtmlFragment.Of($"<details><summary>Reliability of {dimensions.First().Scorer.Name}</summary><p class=\"halo-caption\">Intervals draw videos again.</p>{diagrams}</details>");
    }

    private static ReliabilityDiagram Diagram((ScorerRatings Scorer, int Dimension, PreferenceCalibration Calibration) item, int method) =>
        new($"{item.Scorer.Name}, {Dimensions[item.Dimension]}, {PreferenceCalibration.Methods[method]}", item.Calibration.Diagram(method), item.Calibration.Reliability(method).Brier);

    private IEnumerable<T> All<T>(Func<ScorerRatings, int, T> row) => _scorers.SelectMany(scorer => Dimensions.Select((_, d) => row(scorer, d)));

    private static double? Number(double value) => double.IsNaN(value) ? null : value;
}
