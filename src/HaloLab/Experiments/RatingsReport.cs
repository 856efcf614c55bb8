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

    private readonly IReadOnlyList<ScorerRatings> _scorers;
    private readonly IReadOnlyDictionary<string, double[]> _published;

    /// <param name="folder">Folder of VideoScore's evaluation (<see cref="VideoFeedbackFile"/>).</param>
    /// <exception cref="InputException">It holds no ratings, or broken ones.</exception>
    public RatingsReport(string folder)
    {
        _scorers = [.. VideoFeedbackFile.Find(folder).Select(file => new ScorerRatings(file.Scorer, VideoFeedbackFile.Read(file.Path)))];
        _published = VideoFeedbackFile.Published(folder);
    }

    /// <summary>Spearman's correlation in per cent: published, ours on the same rows, over distinct videos.</summary>
    public DataTable Correlations() => new(
        [
            new TableColumn("scorer"), new TableColumn("dimension"), new TableColumn("rows", IsNumber: true, "0"), new TableColumn("published", IsNumber: true, "0.0000"),
            new TableColumn("same rows", IsNumber: true, "0.0000"), new TableColumn("videos", IsNumber: true, "0"), new TableColumn("distinct videos", IsNumber: true, "0.0"),
            new TableColumn("95 % interval"),
        ],
        [.. All((scorer, d) =>
        {
            (Interval spearman, int videos) = scorer.OverVideos(d);
            return (IReadOnlyList<object?>)
            [
                scorer.Name, Dimensions[d], scorer.Rows.Count, _published.TryGetValue(scorer.Name, out double[]? values) ? Number(values[d]) : null,
                Number(100 * scorer.AsPublished(d).Estimate), videos, Number(100 * spearman.Estimate),
                videos < ScorerRatings.LeastForInterval ? TooFew : spearman.IsDefined ? $"{DisplayNumber.Format(100 * spearman.Low, "0.0")} to {DisplayNumber.Format(100 * spearman.High, "0.0")}" : "",
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

    /// <summary>The page of all three tables.</summary>
    public HtmlPage Page() => new HtmlPage("Scorers beside people's ratings", $"{_scorers.Count} scorers, {Dimensions.Count} dimensions")
        .Add("Spearman's correlation, in per cent", HtmlFragment.Of($"<p>“Same rows” repeats the published figures: every row of the file, repeated videos and missing answers included. “Distinct videos” takes each video once (the mean of its rows; a score of 0 is a missing answer), with a bootstrap interval over videos.</p>"), Correlations().ToHtml())
        .Add("Scorers compared", HtmlFragment.Of($"<p>Difference of the correlations on the videos that both scored, in per cent, with the paired permutation test; at least {ScorerRatings.LeastForComparison} common videos.</p>"), Comparisons().ToHtml())
        .Add("Calibration", HtmlFragment.Of($"<p>In grades, over bins of equal mass; at least {ScorerRatings.LeastForCalibration} videos.</p>"), Calibrations().ToHtml());

    private IEnumerable<T> All<T>(Func<ScorerRatings, int, T> row) => _scorers.SelectMany(scorer => Dimensions.Select((_, d) => row(scorer, d)));

    private static double? Number(double value) => double.IsNaN(value) ? null : value;
}
