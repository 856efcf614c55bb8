using HaloLab.Statistics;

namespace HaloLab.Evaluation.Ratings;

/// <summary>A scorer beside people's ratings of the same videos.</summary>
public sealed class ScorerRatings
{
    /// <summary>Fewest videos from which an interval is computed.</summary>
    public const int LeastForInterval = 10;

    /// <summary>Fewest common videos on which two scorers are compared.</summary>
    public const int LeastForComparison = 30;

    /// <summary>Fewest videos from which a calibration error is computed.</summary>
    public const int LeastForCalibration = 100;

    private const double Level = 0.95;

    /// <param name="name">The scorer.</param>
    /// <param name="rows">Its rows, in which a video may stand several times.</param>
    public ScorerRatings(string name, IReadOnlyList<RatedVideo> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (Name, Rows) = (name, rows);
        Videos = [.. rows.GroupBy(row => row.Id, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(Distinct)];
    }

    public string Name { get; }

    /// <summary>The rows as they are published.</summary>
    public IReadOnlyList<RatedVideo> Rows { get; }

    /// <summary>
    /// Each video once: the mean of what was said of it. A score of 0 is outside every scale of 1 to 4; it stands for an answer that was not understood, and
    /// is a missing one here.
    /// </summary>
    public IReadOnlyList<RatedVideo> Videos { get; }

    /// <summary>Spearman's correlation over the rows as they are published, repeated videos and missing answers included as if they were independent ones.</summary>
    /// <param name="dimension">Index of the dimension.</param>
    public CorrelationResult AsPublished(int dimension) =>
        Correlation.Spearman([.. Rows.Select(row => row.Human[dimension])], [.. Rows.Select(row => row.Scores[dimension])]);

    /// <summary>Spearman's correlation over distinct videos with a 95 % bootstrap interval (BCa) over them.</summary>
    /// <param name="dimension">Index of the dimension.</param>
    /// <returns>The correlation, its interval undefined with fewer than <see cref="LeastForInterval"/> videos, and the number of videos that have a score.</returns>
    public (Interval Spearman, int Videos) OverVideos(int dimension)
    {
        (double[] human, double[] scores) = Paired(dimension, Videos);
        return (OverVideos(human, scores, (x, y) => Correlation.Spearman(x, y), new RandomStream(0, $"ratings {Name}", dimension)), human.Length);
    }

    /// <summary>Kendall's τ-b in the same way.</summary>
    /// <param name="dimension">Index of the dimension.</param>
    public Interval KendallOverVideos(int dimension)
    {
        (double[] human, double[] scores) = Paired(dimension, Videos);
        return OverVideos(human, scores, (x, y) => Correlation.KendallTauB(x, y, PValueMethod.Normal), new RandomStream(0, $"Kendall, ratings {Name}", dimension));
    }

    /// <summary>How far scores lie from the mean rating of the videos that have about that score; null with fewer than <see cref="LeastForCalibration"/> videos.</summary>
    /// <param name="dimension">Index of the dimension.</param>
    public CalibrationError? Calibration(int dimension)
    {
        (double[] human, double[] scores) = Paired(dimension, Videos);
        return human.Length < LeastForCalibration ? null : CalibrationError.Of(scores, human);
    }

    /// <summary>
    /// Whether this scorer's correlation is another than a second one's on the videos that both scored: the paired permutation test of the videos'
    /// contributions to both correlations. Null with fewer than <see cref="LeastForComparison"/> common videos.
    /// </summary>
    /// <param name="other">The second scorer.</param>
    /// <param name="dimension">Index of the dimension.</param>
    /// <returns>Difference of the correlations, p-value and number of videos.</returns>
    public SignificanceResult? Versus(ScorerRatings other, int dimension)
    {
        ArgumentNullException.ThrowIfNull(other);
        Dictionary<string, RatedVideo> others = other.Videos.ToDictionary(video => video.Id, StringComparer.Ordinal);
        (RatedVideo Own, RatedVideo Other)[] common =
        [
            .. Videos.Where(video => others.ContainsKey(video.Id)).Select(video => (video, others[video.Id]))
                .Where(pair => !double.IsNaN(pair.video.Scores[dimension]) && !double.IsNaN(pair.Item2.Scores[dimension])),
        ];
        if (common.Length < LeastForComparison)
        {
            return null;
        }

        double[] human = StandardRanks([.. common.Select(pair => pair.Own.Human[dimension])]);
        double[] own = StandardRanks([.. common.Select(pair => pair.Own.Scores[dimension])]);
        double[] second = StandardRanks([.. common.Select(pair => pair.Other.Scores[dimension])]);
        return PairedPermutation.Test(Products(human, own), Products(human, second), new RandomStream(0, $"ratings {Name} {other.Name}", dimension));
    }

    /// <summary>
    /// How far differences of scores say which of two videos people rate higher: over all pairs of videos that people rate differently, each in an order that a coin chose. Null with fewer than <see cref="LeastForComparison"/> videos, or too few pairs
    /// (<see cref="PreferenceCalibration.Of"/>).
    /// </summary>
    /// <param name="dimension">Index of the dimension.</param>
    public PreferenceCalibration? Preferences(int dimension)
    {
        (double[] human, double[] scores) = Paired(dimension, Videos);
        RandomStream coin = new(0, $"orders, ratings {Name}", dimension);
        List<JudgedPair> pairs = [];
        for (int i = 0; i < human.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                (int first, int second) = coin.Next(2) == 0 ? (i, j) : (j, i);
                if (human[first] != human[second])
                {
                    pairs.Add(new JudgedPair(first, second, scores[first] - scores[second], human[first] > human[second]));
                }
            }
        }

        return human.Length < LeastForComparison ? null : PreferenceCalibration.Of(pairs, human.Length, FormattableString.Invariant($"ratings {Name}, {dimension}"), seed: 0);
    }

    /// <summary>The videos on which people and the scorer part most: their places among all videos, 0 the lowest and 1 the highest, ties sharing theirs.</summary>
    /// <param name="dimension">Index of the dimension.</param>
    /// <param name="count">How many.</param>
    public IReadOnlyList<(string Id, double Human, double Score, double HumanPlace, double ScorePlace)> Disagreements(int dimension, int count)
    {
        RatedVideo[] scored = [.. Videos.Where(video => !double.IsNaN(video.Scores[dimension]))];
        (double[] human, double[] scores) = Paired(dimension, scored);
        double[] Places(double[] values) => Array.ConvertAll(Ranks.Average(values), rank => values.Length < 2 ? 0.5 : (rank - 1) / (values.Length - 1));
        (double[] humanPlaces, double[] scorePlaces) = (Places(human), Places(scores));
        return
        [
            .. Enumerable.Range(0, scored.Length).OrderByDescending(i => Math.Abs(humanPlaces[i] - scorePlaces[i])).Take(count)
                .Select(i => (scored[i].Id, human[i], scores[i], humanPlaces[i], scorePlaces[i])),
        ];
    }

    private static Interval OverVideos(double[] human, double[] scores, Func<double[], double[], CorrelationResult> correlation, RandomStream stream) => human.Length < LeastForInterval
        ? Interval.Undefined(Level, correlation(human, scores).Estimate)
        : Bootstrap.Run(human.Length, drawn => correlation(Array.ConvertAll(drawn, i => human[i]), Array.ConvertAll(drawn, i => scores[i])).Estimate, stream, level: Level).Bca;

    private static RatedVideo Distinct(IGrouping<string, RatedVideo> rows)
    {
        double[] human = [.. Enumerable.Range(0, rows.First().Human.Count).Select(d => rows.Average(row => row.Human[d]))];
        double[] scores = [.. Enumerable.Range(0, rows.First().Scores.Count).Select(d => rows.Select(row => row.Scores[d]).Where(score => score != 0).DefaultIfEmpty(double.NaN).Average())];
        return new RatedVideo(rows.Key, human, scores);
    }

    private static (double[] Human, double[] Scores) Paired(int dimension, IReadOnlyList<RatedVideo> videos)
    {
        RatedVideo[] scored = [.. videos.Where(video => !double.IsNaN(video.Scores[dimension]))];
        return ([.. scored.Select(video => video.Human[dimension])], [.. scored.Select(video => video.Scores[dimension])]);
    }

    /// <summary>Ranks with mean 0 and mean square 1: the mean of two scorers' products is Spearman's correlation.</summary>
    private static double[] StandardRanks(double[] values)
    {
        double[] ranks = Ranks.Average(values);
        double mean = Moments.Mean(ranks);
        double deviation = Moments.StandardDeviation(ranks, deltaDegrees: 0);
        return Array.ConvertAll(ranks, rank => (rank - mean) / deviation);
    }

    private static double[] Products(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x * y)];
}
