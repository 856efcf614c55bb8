using System.Text.Json;
using CliWrap.Buffered;
using HaloLab.Evaluation.Ratings;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.Tests.Cli;

namespace HaloLab.Tests.Evaluation.Ratings;

public sealed class RatingsTests
{
    private const int Dimensions = 5;

    private static string Data => Path.Combine(
        Environment.GetEnvironmentVariable("HALOLAB_DATA") is { Length: > 0 } given ? given : Path.Combine(RepositoryRoot.Path, "..", "shared", "data"), "videoscore", "video_feedback");

    /// <summary>The published figures have four decimals in per cent; ours of the same rows have the same.</summary>
    [Fact]
    public void ThePublishedCorrelationsComeOutAgain()
    {
        Assert.SkipUnless(Directory.Exists(Data), "HALOLAB_DATA names no folder with videoscore/video_feedback (the files of VideoScore's evaluation)");
        IReadOnlyDictionary<string, double[]> published = VideoFeedbackFile.Published(Data);
        List<string> compared = [];
        foreach ((string scorer, string path) in VideoFeedbackFile.Find(Data).Where(file => published.ContainsKey(file.Scorer)))
        {
            ScorerRatings ratings = new(scorer, VideoFeedbackFile.Read(path));
            compared.Add(scorer);
            for (int d = 0; d < Dimensions; d++)
            {
                Assert.Equal(published[scorer][d], Math.Round(100 * ratings.AsPublished(d).Estimate, 4), 1e-9);
            }
        }

        Assert.Equal(["CLIP-Score", "MSE-dyn", "SSIM-dyn", "gpt4o", "videoscore"], compared);
    }

    [Fact]
    public void AVideoCountsOnceAndAMissingAnswerIsNoZero()
    {
        ScorerRatings ratings = new("x", [Row("a", 1, 2), Row("a", 1, 4), Row("b", 3, 0), Row("b", 3, 3), Row("c", 2, 0)]);
        Assert.Equal(["a", "b", "c"], ratings.Videos.Select(video => video.Id));
        Assert.Equal([3.0, 3.0, double.NaN], ratings.Videos.Select(video => video.Scores[0]));
        Assert.Equal([1.0, 3.0, 2.0], ratings.Videos.Select(video => video.Human[0]));
        Assert.Equal(2, ratings.OverVideos(0).Videos);
        Assert.False(ratings.OverVideos(0).Spearman.IsDefined);
    }

    [Fact]
    public void TheIntervalHoldsTheCorrelationAndNarrowsWithVideos()
    {
        double width = double.PositiveInfinity;
        foreach (int videos in new[] { 20, 200 })
        {
            ScorerRatings ratings = new("x", Noisy(videos, 1, "ratings"));
            (Interval interval, int counted) = ratings.OverVideos(0);
            Assert.Equal(videos, counted);
            Assert.Equal(ratings.AsPublished(0).Estimate, interval.Estimate, 1e-12);
            Assert.InRange(interval.Estimate, interval.Low, interval.High);
            Assert.True(interval.High - interval.Low < width);
            width = interval.High - interval.Low;
        }
    }

    [Fact]
    public void ComparisonsAndCalibrationNeedEnoughVideos()
    {
        ScorerRatings few = new("few", Noisy(ScorerRatings.LeastForComparison - 1, 1, "a"));
        ScorerRatings good = new("good", Noisy(120, 0.3, "a"));
        ScorerRatings bad = new("bad", Noisy(120, 5, "b"));
        Assert.Null(few.Versus(good, 0));
        Assert.Null(few.Calibration(0));
        SignificanceResult versus = good.Versus(bad, 0)!.Value;
        Assert.Equal(good.AsPublished(0).Estimate - bad.AsPublished(0).Estimate, versus.Statistic, 1e-9);
        Assert.True(versus.PValue < 0.01, $"p = {versus.PValue}");
        Assert.True(good.Versus(new ScorerRatings("again", good.Rows), 0)!.Value.PValue > 0.99);
        Assert.True(good.Calibration(0)!.Expected < bad.Calibration(0)!.Expected);
    }

    [Fact]
    public void CalibrationErrorsAreThoseOfAHandMadeExample()
    {
        // Two bins of two: means 1.5 and 3.5 predicted, 2 and 3 came out.
        Assert.Equal(new CalibrationError(0.5, 0.5, 2), CalibrationError.Of([1, 2, 3, 4], [2, 2, 3, 3], bins: 2));

        // Equal predictions are one bin, however many bins are asked for.
        Assert.Equal(new CalibrationError(0.25, 0.25, 1), CalibrationError.Of([2, 2, 2, 2], [1, 2, 2, 2]));
        Assert.Equal(new CalibrationError(0.5, 1, 2), CalibrationError.Of([1, 1, 2, 2], [2, 2, 2, 2], bins: 4));
        Assert.Throws<ArgumentException>(() => CalibrationError.Of([], []));
    }

    [Theory]
    [InlineData("row 1: 'id' is missing or empty", """[{"ref": "[1,1,1,1,1]", "ans": "[1,1,1,1,1]"}]""")]
    [InlineData("row 1: 'ref' is '[1]'. Expected a list of five numbers", """[{"id": "a", "ref": "[1]", "ans": "[1,1,1,1,1]"}]""")]
    [InlineData("row 2: 'ans' is '[1, 2]'", """[{"id": "a", "ref": "[1,1,1,1,1]", "ans": "[1,1,1,1,1]"}, {"id": "a", "ref": "[1,1,1,1,1]", "ans": "[1, 2]"}]""")]
    [InlineData("Expected a JSON list of objects", "{}")]
    [InlineData("cannot be read", "[")]
    public void WhatIsWrongWithAFileIsNamed(string expected, string content)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-ratings").FullName;
        string path = Path.Combine(folder, "eval_video_feedback_x.json");
        File.WriteAllText(path, content);
        InputException refusal = Assert.Throws<InputException>(() => VideoFeedbackFile.Read(path));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => VideoFeedbackFile.Find(Path.Combine(folder, "missing")));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task TheCommandPrintsTheTableAndWritesThePage()
    {
        string folder = Directory.CreateTempSubdirectory("halolab-ratings").FullName;
        foreach ((string scorer, double noise) in new[] { ("good", 0.5), ("bad", 4.0) })
        {
            object[] rows = [.. Noisy(40, noise, scorer).Select(row => new { id = row.Id, text = "", @ref = JsonSerializer.Serialize(row.Human), ans = JsonSerializer.Serialize(row.Scores) })];
            await File.WriteAllTextAsync(Path.Combine(folder, $"eval_video_feedback_{scorer}.json"), JsonSerializer.Serialize(rows), TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(
            Path.Combine(folder, "spearman_corr_video_feedback.json"),
            """[{"good": {"spearman_list": [1, 1, 1, 1, 1]}}, {"good": {"spearman_list": [12.3456, null, 3, 4, 5]}}]""",
            TestContext.Current.CancellationToken);
        string output = Path.Combine(folder, "out");
        BufferedCommandResult result = await HaloLabProgram.Run("evaluate", "ratings", folder, "--out", output);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("12.3456", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("too few", result.StandardOutput, StringComparison.Ordinal);
        string page = await File.ReadAllTextAsync(Path.Combine(output, "ratings.html"), TestContext.Current.CancellationToken);
        Assert.Contains("12.3456", page, StringComparison.Ordinal);
        Assert.Contains("factual consistency", page, StringComparison.Ordinal);

        // Ratings plus little noise are probabilities of preferences once they are calibrated, and the page shows both.
        Assert.Contains("isotonic", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("right with probability", result.StandardOutput, StringComparison.Ordinal);
        foreach (string part in new[] { "Kendall", "Reliability of good", "visual quality, as it is", "visual quality, isotonic", "When is a pair tied?", "Where they part", "<td>video-0" })
        {
            Assert.Contains(part, page, StringComparison.Ordinal);
        }

        // In a notebook a row for each scorer.
        string[] diagrams = [.. new RatingsReport(folder).Diagrams().Select(row => row.ToHtml().Markup)];
        Assert.Equal(2, diagrams.Length);
        Assert.All(new[] { "bad", "good" }, scorer => Assert.Contains($"{scorer}, visual quality, as it is", Assert.Single(diagrams, row => row.Contains($"{scorer}, factual consistency", StringComparison.Ordinal)), StringComparison.Ordinal));

        await HaloLabProgram.Refuses("holds no eval_video_feedback_", Path.Combine(folder, "none"), "evaluate", "ratings", Path.Combine(folder, "missing"));
        Directory.Delete(folder, recursive: true);
    }

    private static RatedVideo Row(string id, double human, double score) => new(id, [.. Enumerable.Repeat(human, Dimensions)], [.. Enumerable.Repeat(score, Dimensions)]);

    /// <summary>Human ratings of 1 to 4, and scores that are those plus noise.</summary>
    private static RatedVideo[] Noisy(int videos, double noise, string stream)
    {
        RandomStream random = new(1, stream);
        return [.. Enumerable.Range(0, videos).Select(i => Row($"video-{i:000}", 1 + (i % 4), 1.5 + (i % 4) + (noise * random.NextGaussian())))];
    }
}
