using System.Text.Json;
using HaloLab.Rewards;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

public class RewardLossTests
{
    private delegate RewardLoss Loss(Tensor a, Tensor b, LossMean mean);

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases => GoldenCase.Find("dpo", "rm_losses");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PairLossesMatch(GoldenCase golden)
    {
        JsonElement json = golden.Json;
        PairLabel[] labels = [.. json.GetProperty("label").EnumerateArray().Select(label => Enum.Parse<PairLabel>(label.GetString()!, ignoreCase: true))];
        Tensor scoreA = Numbers(json.GetProperty("score_a"));
        Tensor scoreB = Numbers(json.GetProperty("score_b"));
        Dictionary<string, Loss> losses = new()
        {
            ["bt"] = (a, b, mean) => RewardLosses.BradleyTerry(a, b, labels, mean),
            ["margin"] = (a, b, mean) => RewardLosses.Margin(a, b, scoreA, scoreB, labels, mean),
            ["constant_margin"] = (a, b, mean) => RewardLosses.ConstantMargin(a, b, json.GetProperty("constant_margin").GetDouble(), labels, mean),
            ["scaled"] = (a, b, mean) => RewardLosses.Scaled(a, b, scoreA, scoreB, labels, mean),
            ["btt"] = (a, b, mean) => RewardLosses.BradleyTerryWithTies(a, b, json.GetProperty("btt_k").GetDouble(), labels, mean),
        };
        foreach (JsonProperty property in json.GetProperty("losses").EnumerateObject())
        {
            if (property.Name == "mse")
            {
                CheckMeanSquaredError(property.Value);
                continue;
            }

            Tensor? regressionScores = property.Name == "reg" ? cat([Numbers(property.Value.GetProperty("score_a")), scoreB]) : null;
            Loss loss = regressionScores is null ? losses[property.Name] : (a, b, mean) => RewardLosses.Regression(cat([a, b]), regressionScores, mean);
            foreach (JsonProperty mean in property.Value.EnumerateObject().Where(item => item.Name.StartsWith("mean_", StringComparison.Ordinal)))
            {
                Tensor a = Numbers(json.GetProperty("reward_a")).requires_grad_();
                Tensor b = Numbers(json.GetProperty("reward_b")).requires_grad_();
                RewardLoss result = loss(a, b, Enum.Parse<LossMean>(mean.Name["mean_".Length..], ignoreCase: true));
                result.Loss.backward();
                string what = $"{golden} {property.Name} {mean.Name}";
                Assert.Equal(mean.Value.GetProperty("loss").GetDouble(), result.Loss.item<double>(), 1e-12);
                TensorAssert.Close(Numbers(mean.Value.GetProperty("grad_a")), a.grad!, 1e-7, 0, what);
                TensorAssert.Close(Numbers(mean.Value.GetProperty("grad_b")), b.grad!, 1e-7, 0, what);
                if (property.Value.TryGetProperty("per_pair", out JsonElement perPair))
                {
                    TensorAssert.Close(Numbers(perPair), result.PerEntry_N, 1e-12, 0, what);
                }
            }
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void TieProbabilitiesAndTailsMatch(GoldenCase golden)
    {
        JsonElement json = golden.Json;
        JsonElement probabilities = json.GetProperty("btt_probabilities");
        (Tensor a, Tensor b, Tensor tie) = RewardLosses.TieProbabilities(
            Numbers(json.GetProperty("reward_a")), Numbers(json.GetProperty("reward_b")), json.GetProperty("btt_k").GetDouble());
        TensorAssert.Close(Numbers(probabilities.GetProperty("a")), a, 1e-12);
        TensorAssert.Close(Numbers(probabilities.GetProperty("b")), b, 1e-12);
        TensorAssert.Close(Numbers(probabilities.GetProperty("tie")), tie, 1e-12);
        foreach (JsonElement row in json.GetProperty("minus_logsigmoid_table").EnumerateArray())
        {
            foreach ((string name, ScalarType type, double relative) in new[] { ("float64", ScalarType.Float64, 1e-14), ("float32", ScalarType.Float32, 3e-7) })
            {
                Tensor u = tensor(row.GetProperty("u").GetDouble()).to(type).detach().requires_grad_();
                Tensor loss = RewardLosses.MinusLogSigmoid(u);
                loss.backward();
                JsonElement expected = row.GetProperty(name);
                // Below float32's smallest normal number the last digits are nobody's.
                double absolute = type == ScalarType.Float32 ? 1e-38 : 1e-300;
                TensorAssert.Close(tensor(expected.GetProperty("loss").GetDouble()), loss, absolute, relative, $"{row} {name}");
                TensorAssert.Close(tensor(expected.GetProperty("grad").GetDouble()), u.grad!, absolute, relative, $"{row} {name} gradient");
            }
        }
    }

    [Fact]
    public void NothingValidGivesZeroAndNotNaN()
    {
        Tensor a = tensor(new[] { 1.0, 2.0 }).requires_grad_();
        RewardLoss loss = RewardLosses.BradleyTerry(a, zeros(2, ScalarType.Float64), [PairLabel.Same, PairLabel.Invalid]);
        loss.Loss.backward();
        Assert.Equal(0.0, loss.Loss.item<double>());
        Assert.Equal(0.0, a.grad!.abs().max().item<double>());
    }

    [Fact]
    public void CensoredRegressionIsSquaredErrorInsideAndAProbabilityAtTheEnds()
    {
        // In units of the spread the rewards lie 2 below, 1 above and 1.5 above their grades' thresholds or grades.
        Tensor reward_N = tensor(new[] { 3.5, 1.0, 3.75, 8.5 }).requires_grad_();
        Tensor grade_N = tensor(new[] { 5.0, 1.0, 3.0, double.NaN });
        RewardLoss loss = RewardLosses.CensoredRegression(reward_N, grade_N, new GradeRange(1, 5), spread: 0.5);
        loss.Loss.backward();

        // −log Φ(−2), −log Φ(1), 1.5²/2; the slope of −log Φ(z) is −φ(z)/Φ(z).
        double[] expected = [3.783184333, 0.172753779, 1.125, 0];
        double[] slopes = [-2.373215532 / 0.5, 0.287599970 / 0.5, 1.5 / 0.5, 0];
        Assert.All(loss.PerEntry_N.data<double>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-8));
        Assert.Equal(expected.Sum() / 3, loss.Loss.item<double>(), 1e-8);
        Assert.All(reward_N.grad!.data<double>().ToArray().Zip(slopes), pair => Assert.Equal(pair.Second / 3, pair.First, 1e-8));
    }

    [Fact]
    public void CensoredRegressionKeepsItsGradientFarOut()
    {
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            Tensor reward_N = tensor(new[] { 200.0, -200.0, -20.0, 26.0 }).to(type).detach().requires_grad_();
            RewardLoss loss = RewardLosses.CensoredRegression(reward_N, tensor(new[] { 5.0, 1.0, 5.0, 1.0 }).to(type), new GradeRange(1, 5), spread: 1);
            loss.Loss.backward();
            double[] slopes = reward_N.grad!.to(ScalarType.Float64).data<double>().ToArray();
            Assert.Equal(0, slopes[0], 1e-12);
            Assert.Equal(0, slopes[1], 1e-12);

            // Far below, −log Φ(z) is z²/2 + log(−z·√(2π)) and its slope z + 1/z.
            Assert.Equal((-24.5 - (1 / 24.5)) / 4, slopes[2], 1e-3);
            Assert.Equal((24.5 + (1 / 24.5)) / 4, slopes[3], 1e-3);
        }
    }

    [Fact]
    public void WrongShapesAreRefused()
    {
        Assert.Throws<ArgumentException>(() => RewardLosses.BradleyTerry(zeros(2), zeros(3), [PairLabel.A, PairLabel.B]));
        Assert.Throws<ArgumentException>(() => RewardLosses.BradleyTerry(zeros(2), zeros(2), [PairLabel.A]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RewardLosses.BradleyTerryWithTies(zeros(1), zeros(1), 1, [PairLabel.A]));
    }

    private static void CheckMeanSquaredError(JsonElement expected)
    {
        Tensor prediction = Rows(expected.GetProperty("prediction")).requires_grad_();
        RewardLoss loss = RewardLosses.MeanSquaredError(prediction, Rows(expected.GetProperty("label")));
        loss.Loss.backward();
        Assert.Equal(expected.GetProperty("loss").GetDouble(), loss.Loss.item<double>(), 1e-12);
        TensorAssert.Close(Rows(expected.GetProperty("grad")), prediction.grad!, 1e-7);
    }

    private static Tensor Numbers(JsonElement list) => tensor(list.EnumerateArray().Select(number => number.GetDouble()).ToArray());

    private static Tensor Rows(JsonElement rows) => stack([.. rows.EnumerateArray().Select(Numbers)]);

    [Fact]
    public void WeightedEntriesAreDividedByTheWeightsThatCount()
    {
        using var scope = NewDisposeScope();
        Tensor a = tensor(new float[] { 1, 2, 0 }).requires_grad_();
        PairLabel[] labels = [PairLabel.A, PairLabel.Same, PairLabel.B];
        Tensor weights = tensor(new float[] { 0.5f, 4, 0.25f });
        Tensor counts = RewardLosses.Counting(labels, a, countTies: false);
        Assert.Equal([1f, 0f, 1f], counts.data<float>().ToArray());
        RewardLoss plain = RewardLosses.BradleyTerry(a, zeros(3), labels);
        double first = Math.Log(1 + Math.Exp(-1));
        double expected = (0.5 * first) + (0.25 * Math.Log(2));
        Assert.Equal(expected / 0.75, RewardLosses.Weighted(plain, weights, counts).Loss.item<float>(), 1e-6);
        Assert.Equal(expected / 4.75, RewardLosses.Weighted(plain, weights, counts, LossMean.All).Loss.item<float>(), 1e-6);

        // Equal weights are no weights; without an entry that counts the loss is 0 and has a gradient of 0.
        Assert.Equal(plain.Loss.item<float>(), RewardLosses.Weighted(plain, full(3, 0.1f), counts).Loss.item<float>(), 1e-6);
        Tensor nothing = RewardLosses.Weighted(RewardLosses.BradleyTerry(a, zeros(3), [PairLabel.Same, PairLabel.Invalid, PairLabel.Same]), weights, zeros(3)).Loss;
        Assert.Equal(0f, nothing.item<float>());
        nothing.backward();
        Assert.Equal([0f, 0f, 0f], a.grad!.data<float>().ToArray());
    }
}
