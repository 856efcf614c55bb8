using HaloLab.Evaluation.Ratings;
using HaloLab.Statistics;

namespace HaloLab.Tests.Evaluation.Ratings;

/// <summary>Probabilities of preferences, cross-fitted.</summary>
public sealed class PreferenceCalibrationTests
{
    private const int Units = 200;

    /// <summary>People prefer by σ(true difference); the scorer's differences are four times as large, so as they are they are overconfident.</summary>
    private static PreferenceCalibration Overconfident { get; } = PreferenceCalibration.Of(Pairs(Units, 4), Units, "test", 1)!;

    [Fact]
    public void CalibrationMendsOverconfidence()
    {
        PreferenceReliability[] found = [.. PreferenceCalibration.Methods.Select((_, method) => Overconfident.Reliability(method))];
        Assert.Equal(["as it is", "temperature", "Platt", "isotonic"], found.Select(reliability => reliability.Method));
        Assert.True(found[0].EqualMass.ExpectedError > 0.1, $"as it is {found[0].EqualMass.ExpectedError}");
        foreach (PreferenceReliability calibrated in found.Skip(1))
        {
            Assert.True(calibrated.EqualMass.ExpectedError < 0.05, $"{calibrated.Method} {calibrated.EqualMass.ExpectedError}");
            Assert.True(calibrated.Brier < found[0].Brier);
            Assert.Equal(calibrated.Brier, calibrated.EqualMass.Reliability - calibrated.EqualMass.Resolution + calibrated.EqualMass.Uncertainty, 0.01);
        }
    }

    /// <summary>Within folds there is about a fifth of the pairs, and no unit is in two folds.</summary>
    [Fact]
    public void PairsAreMeasuredWithinFolds()
    {
        Assert.InRange(Overconfident.Pairs.Count, 0.15 * Units * (Units - 1) / 2, 0.25 * Units * (Units - 1) / 2);

        // Units that pairs connect are in one fold: there are as many groups of them as folds.
        int[] groupOf = [.. Enumerable.Range(0, Units)];
        foreach (JudgedPair pair in Overconfident.Pairs)
        {
            (int keep, int join) = (groupOf[pair.First], groupOf[pair.Second]);
            groupOf = Array.ConvertAll(groupOf, group => group == join ? keep : group);
        }

        Assert.Equal(PreferenceCalibration.Folds, groupOf.Distinct().Count());
    }

    /// <summary>A curve that has seen the pairs it judges would be perfect on noise; a cross-fitted one is a coin.</summary>
    [Fact]
    public void NoiseStaysNoise()
    {
        RandomStream stream = new(1, "noise");
        JudgedPair[] noise = [.. Pairs(60, 1).Select(pair => pair with { PrefersFirst = stream.Next(2) == 0 })];
        PreferenceCalibration calibration = PreferenceCalibration.Of(noise, 60, "noise", 1)!;
        for (int method = 1; method < PreferenceCalibration.Methods.Count; method++)
        {
            Assert.True(calibration.Reliability(method).Brier > 0.235, $"{PreferenceCalibration.Methods[method]}: {calibration.Reliability(method).Brier}");
        }

        Assert.True(double.IsNaN(calibration.Threshold(0.8).Margin) || calibration.Threshold(0.8).TiedShare > 0.9);
    }

    /// <summary>The scorer is right with a probability of σ(|difference| / 4): 0.7 of the time from 4 · ln(0.7 / 0.3) = 3.39 on.</summary>
    [Fact]
    public void ThresholdsAreWhereTheScorerIsRightOftenEnough()
    {
        TieThreshold threshold = Overconfident.Threshold(0.7);
        Assert.Equal(4 * Math.Log(0.7 / 0.3), threshold.Margin, 0.8);
        Assert.InRange(threshold.Accuracy, 0.7, 0.95);
        TieThreshold[] rising = [.. new[] { 0.55, 0.65, 0.75, 0.85 }.Select(Overconfident.Threshold)];
        Assert.Equal(rising.Select(one => one.TiedShare).Order(), rising.Select(one => one.TiedShare));
        Assert.Equal(rising.Select(one => one.Margin).Order(), rising.Select(one => one.Margin));
        Assert.True(rising[^1].Accuracy > rising[0].Accuracy);
    }

    [Fact]
    public void DiagramsHaveIntervalsOverUnits()
    {
        IReadOnlyList<(double Predicted, Interval Observed, int Count)> bins = Overconfident.Diagram(2);
        Assert.Equal((CalibrationBins.DefaultBins, Overconfident.Pairs.Count), (bins.Count, bins.Sum(bin => bin.Count)));
        Assert.All(bins, bin => Assert.InRange(bin.Observed.Estimate, bin.Observed.Low, bin.Observed.High));
        Assert.True(bins.Count(bin => bin.Observed.Low <= bin.Predicted && bin.Predicted <= bin.Observed.High) >= 8, "a calibrated probability lies in most intervals");

        // Pairs share videos: intervals are wider than those of as many independent pairs.
        Assert.True(bins.Average(bin => bin.Observed.High - bin.Observed.Low) > bins.Average(bin => Proportion.Wilson((int)Math.Round(bin.Observed.Estimate * bin.Count), bin.Count) is var wilson ? wilson.High - wilson.Low : 0));
        Assert.Equal(bins, Overconfident.Diagram(2));
    }

    [Fact]
    public void TooFewPairsGiveNothing()
    {
        Assert.Null(PreferenceCalibration.Of([], 10, "none", 1));
        Assert.Null(PreferenceCalibration.Of([.. Pairs(20, 1).Select(pair => pair with { PrefersFirst = true })], 20, "one-sided", 1));
        Assert.Null(PreferenceCalibration.Of([.. Pairs(20, 1).Select(pair => pair with { Margin = 0 })], 20, "constant", 1));
    }

    [Fact]
    public void VideosOnWhichScorerAndPeoplePartMostComeFirst()
    {
        // Places by people 0, 1/3, 2/3, 1; by the scorer the best is the worst. An answer of 0 is none.
        ScorerRatings ratings = new("x", [Row("a", 1, 5), Row("b", 2, 6), Row("c", 3, 7), Row("d", 4, 1), Row("e", 4, 0)]);
        IReadOnlyList<(string Id, double Human, double Score, double HumanPlace, double ScorePlace)> parted = ratings.Disagreements(0, 1);
        Assert.Equal([("d", 4.0, 1.0, 1.0, 0.0)], parted);
        Assert.Equal(1.0, new ScorerRatings("y", [Row("a", 1, 1), Row("b", 2, 2), Row("c", 3, 3)]).KendallOverVideos(0).Estimate);
        Assert.Equal(1 / 3.0, new ScorerRatings("y", [Row("a", 1, 1), Row("b", 2, 3), Row("c", 3, 2)]).KendallOverVideos(0).Estimate, 1e-12);
        Assert.Null(ratings.Preferences(0));

        static RatedVideo Row(string id, double human, double score) => new(id, [human], [score]);
    }

    [Fact]
    public void PatchesArePairedAtTheSamePlaceOfClipsOfOnePrompt()
    {
        double[][] grades = [[1, 2, double.NaN, 4], [2, 1, 3, 4], [5, 5, 5, 5]];
        double[][] scores = [[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], [1, 1, 1, 1]];
        JudgedPair[] pairs = [.. JudgedPair.SamePlace(scores, grades, [0, 0, 1])];
        Assert.Equal([(0, 0, -0.3, false), (0, 0, -0.1, true)], pairs.Select(pair => (pair.First, pair.Second, Math.Round(pair.Margin, 12), pair.PrefersFirst)));
        Assert.Equal([true, false], pairs.Select(pair => pair.IsRight));
        Assert.False(new JudgedPair(0, 0, 0, false).IsRight);
    }

    /// <summary>All pairs of units with normal qualities; margins are so many times the difference that people go by.</summary>
    private static JudgedPair[] Pairs(int units, double times)
    {
        RandomStream stream = new(1, "pairs");
        double[] quality = [.. Enumerable.Range(0, units).Select(_ => stream.NextGaussian())];
        return
        [
            .. from i in Enumerable.Range(0, units)
               from j in Enumerable.Range(0, i)
               let difference = quality[i] - quality[j]
               select new JudgedPair(i, j, times * difference, stream.NextDouble() < 1 / (1 + Math.Exp(-difference))),
        ];
    }
}
