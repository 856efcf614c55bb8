using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class CalibrationTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "calibration*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        double[] logits = data.Numbers("logit");
        double[] probabilities = data.Numbers("probability");
        double[] labels = data.Numbers("label");
        bool[] happened = [.. labels.Select(label => label == 1)];

        JsonElement isotonic = data.GetProperty("isotonic");
        IsotonicCalibration curve = IsotonicCalibration.Fit(probabilities, labels);
        JsonNumbers.Close(isotonic.Numbers("fitted"), [.. probabilities.Select(curve.Probability)], "isotonic");
        JsonNumbers.Close(isotonic.Numbers("predicted"), [.. isotonic.Numbers("query").Select(curve.Probability)], "isotonic queries");
        JsonNumbers.Close(isotonic.Numbers("y_thresholds"), [.. isotonic.Numbers("x_thresholds").Select(curve.Probability)], "isotonic thresholds");
        JsonElement ties = isotonic.GetProperty("ties_weighted");
        double[] x = ties.Numbers("x");
        IsotonicCalibration weighted = IsotonicCalibration.Fit(x, labels, [.. Enumerable.Range(1, x.Length).Select(i => i / (double)x.Length)]);
        JsonNumbers.Close(ties.Numbers("predicted"), [.. ties.Numbers("query").Select(weighted.Probability)], "isotonic with ties and weights");

        JsonElement platt = data.GetProperty("platt");
        foreach ((string name, bool withTargets) in new[] { ("plain", false), ("platt_targets", true) })
        {
            LogisticCalibration fit = LogisticCalibration.Platt(logits, happened, withTargets);
            JsonNumbers.Close(platt.GetProperty(name).GetProperty("slope"), fit.Slope, name + " slope", JsonNumbers.Fit);
            JsonNumbers.Close(platt.GetProperty(name).GetProperty("intercept"), fit.Intercept, name + " intercept", JsonNumbers.Fit);
        }

        JsonNumbers.Close(data.GetProperty("temperature").GetProperty("temperature"), LogisticCalibration.OfTemperature(logits, happened).Temperature, "temperature", JsonNumbers.Fit);
        foreach ((string name, CalibrationBins bins) in new[] { ("equal_width", CalibrationBins.EqualWidth(probabilities, happened)), ("equal_mass", CalibrationBins.EqualMass(probabilities, happened)) })
        {
            JsonElement expected = data.GetProperty(name);
            JsonNumbers.Close(expected.GetProperty("ece"), bins.ExpectedError, name + " ECE");
            JsonNumbers.Close(expected.GetProperty("mce"), bins.MaximumError, name + " MCE");
            JsonNumbers.Close(expected.GetProperty("brier_binned_reliability"), bins.Reliability, name + " reliability");
            JsonNumbers.Close(expected.GetProperty("brier_binned_resolution"), bins.Resolution, name + " resolution");
            JsonNumbers.Close(expected.GetProperty("brier_uncertainty"), bins.Uncertainty, name + " uncertainty");
            JsonNumbers.Close(expected.GetProperty("brier_of_binned_probabilities"), bins.Reliability - bins.Resolution + bins.Uncertainty, name + " decomposition");
            (double, double, int)[] filled = [.. expected.GetProperty("bins").EnumerateArray().Where(bin => bin.GetProperty("count").GetInt32() > 0).Select(bin => (bin.GetProperty("mean_p").GetDouble(), bin.GetProperty("mean_y").GetDouble(), bin.GetProperty("count").GetInt32()))];
            Assert.Equal(filled.Select(bin => bin.Item3), bins.Bins.Select(bin => bin.Count));
            JsonNumbers.Close([.. filled.Select(bin => bin.Item1)], [.. bins.Bins.Select(bin => bin.Predicted)], name + " predictions");
            JsonNumbers.Close([.. filled.Select(bin => bin.Item2)], [.. bins.Bins.Select(bin => bin.Observed)], name + " shares");
        }

        JsonNumbers.Close(data.GetProperty("brier"), CalibrationBins.Brier(probabilities, happened), "Brier");
    }

    [Fact]
    public void IsotonicByHand()
    {
        // 3 and 1 violate the order and are pooled; equal scores are averaged first.
        IsotonicCalibration curve = IsotonicCalibration.Fit([1, 2, 3, 4, 4], [0, 3, 1, 4, 6]);
        Assert.Equal([0, 0, 1, 2, 2, 2, 3.5, 5, 5], new[] { -1, 1, 1.5, 2, 2.5, 3, 3.5, 4, 9 }.Select(curve.Probability));
        Assert.Equal(2, IsotonicCalibration.Fit([1, 2], [3, 1]).Probability(1.5));
        Assert.Throws<ArgumentException>(() => IsotonicCalibration.Fit([], []));
        Assert.Throws<ArgumentException>(() => IsotonicCalibration.Fit([double.NaN], [1]));
    }

    [Fact]
    public void AFittedCurveFindsTheOneThatDrew()
    {
        RandomStream stream = new(1, "logistic");
        double[] scores = [.. Enumerable.Range(0, 20_000).Select(_ => 3 * stream.NextGaussian())];
        LogisticCalibration truth = new(0.7, -0.4);
        bool[] happened = [.. scores.Select(score => stream.NextDouble() < truth.Probability(score))];
        LogisticCalibration platt = LogisticCalibration.Platt(scores, happened);
        Assert.Equal(truth.Slope, platt.Slope, 0.03);
        Assert.Equal(truth.Intercept, platt.Intercept, 0.06);

        // In other units the slope changes and the probabilities do not.
        LogisticCalibration scaled = LogisticCalibration.Platt([.. scores.Select(score => 1e4 * score)], happened);
        Assert.Equal(platt.Probability(1), scaled.Probability(1e4), 1e-6);
        Assert.True(CalibrationBins.EqualMass([.. scores.Select(platt.Probability)], happened).ExpectedError < 0.02);
    }

    [Fact]
    public void ScoresThatSeparateEndSomewhere()
    {
        LogisticCalibration separated = LogisticCalibration.OfTemperature([-1, 1, 2], [false, true, true]);
        Assert.True(double.IsFinite(separated.Slope) && separated.Probability(1) > 0.999, $"{separated}");
        Assert.Equal(0.5, separated.Probability(0));
        LogisticCalibration platt = LogisticCalibration.Platt([-1, 1, 2], [false, true, true]);
        Assert.InRange(platt.Probability(1), 0.5, 0.9);
        Assert.Throws<ArgumentException>(() => LogisticCalibration.Platt([1, 2], [true, true]));
        Assert.Throws<ArgumentException>(() => LogisticCalibration.Platt([1, 1], [true, false]));
    }

    [Fact]
    public void BinsByHand()
    {
        // Two bins of [0, 1]: (0.1, 0.3) with one of two, (0.6, 1) with both.
        CalibrationBins width = CalibrationBins.EqualWidth([0.1, 0.3, 0.6, 1], [false, true, true, true], 2);
        Assert.Equal((0.25, 0.3), (Math.Round(width.ExpectedError, 12), Math.Round(width.MaximumError, 12)));
        Assert.Equal((0.3 * 0.3 / 2) + (0.2 * 0.2 / 2), width.Reliability, 1e-12);
        Assert.Equal((0.0625, 0.1875), (width.Resolution, width.Uncertainty));

        // Of five cases the first of two bins has three.
        Assert.Equal([3, 2], CalibrationBins.EqualMass([0.5, 0.4, 0.3, 0.2, 0.1], [true, true, true, false, false], 2).Bins.Select(bin => bin.Count));
        Assert.Equal((0.01 + 0.49 + 0.16 + 0) / 4, CalibrationBins.Brier([0.1, 0.3, 0.6, 1], [false, true, true, true]), 1e-12);
        Assert.Throws<ArgumentException>(() => CalibrationBins.EqualWidth([1.1], [true]));
    }
}
