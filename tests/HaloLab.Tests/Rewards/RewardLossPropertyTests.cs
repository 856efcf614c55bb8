using System.Reflection;
using CsCheck;
using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

/// <summary>Every loss of reward models against finite differences, and what its definition says whatever the numbers are.</summary>
public class RewardLossPropertyTests
{
    private const int Samples = 60;

    private static readonly Gen<Drawn> Any = Gen.Select(Gen.Int[1, 6], Gen.Int[0, 1_000_000], Gen.Bool, Gen.Double[0.3, 1.5], (count, seed, isOverAll, scale) =>
        new Drawn(count, seed, isOverAll ? LossMean.All : LossMean.Valid, scale));

    /// <summary>Losses by the method's name; of one reward each where they look at no pair.</summary>
    private static readonly Dictionary<string, Func<Drawn, Tensor, Tensor, RewardLoss>> Losses = new()
    {
        [nameof(RewardLosses.BradleyTerry)] = (drawn, a_N, b_N) => RewardLosses.BradleyTerry(a_N, b_N, drawn.Labels, drawn.Mean),
        [nameof(RewardLosses.Margin)] = (drawn, a_N, b_N) => RewardLosses.Margin(a_N, b_N, drawn.Scores("A"), drawn.Scores("B"), drawn.Labels, drawn.Mean),
        [nameof(RewardLosses.ConstantMargin)] = (drawn, a_N, b_N) => RewardLosses.ConstantMargin(a_N, b_N, drawn.Scale, drawn.Labels, drawn.Mean),
        [nameof(RewardLosses.Scaled)] = (drawn, a_N, b_N) => RewardLosses.Scaled(a_N, b_N, drawn.Scores("A"), drawn.Scores("B"), drawn.Labels, drawn.Mean),
        [nameof(RewardLosses.BradleyTerryWithTies)] = (drawn, a_N, b_N) => RewardLosses.BradleyTerryWithTies(a_N, b_N, 1 + drawn.Scale, drawn.Labels, drawn.Mean),
        [nameof(RewardLosses.Regression)] = (drawn, a_N, b_N) => RewardLosses.Regression(cat([a_N, b_N]), cat([drawn.Scores("A"), drawn.Scores("B")]), drawn.Mean),
        [nameof(RewardLosses.CensoredRegression)] = (drawn, a_N, b_N) => RewardLosses.CensoredRegression(cat([a_N, b_N]) + 3, cat([drawn.Grades("A"), drawn.Grades("B")]), new GradeRange(1, 5), drawn.Scale, drawn.Mean),
        [nameof(RewardLosses.MeanSquaredError)] = (drawn, a_N, b_N) => RewardLosses.MeanSquaredError(stack([a_N, b_N], 1), stack([drawn.Scores("A"), drawn.Scores("B")], 1)),
        [nameof(RewardLosses.Weighted)] = (drawn, a_N, b_N) => RewardLosses.Weighted(
            RewardLosses.BradleyTerryWithTies(a_N, b_N, 2, drawn.Labels), drawn.Scores("weights"), RewardLosses.Counting(drawn.Labels, a_N, countTies: true), drawn.Mean),
    };

    private static readonly string[] OfPairs = [nameof(RewardLosses.BradleyTerry), nameof(RewardLosses.Margin), nameof(RewardLosses.ConstantMargin), nameof(RewardLosses.Scaled), nameof(RewardLosses.BradleyTerryWithTies), nameof(RewardLosses.Weighted)];

    public static TheoryData<string> Names => [.. Losses.Keys];

    public static TheoryData<string> PairNames => [.. OfPairs];

    [Fact]
    public void NoLossIsLeftOut() => Assert.Equal(
        typeof(RewardLosses).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(method => method.ReturnType == typeof(RewardLoss)).Select(method => method.Name).Order(),
        Losses.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsAreThoseOfFiniteDifferences(string name) => Holds(drawn =>
        FiniteDifference.Check(at => Losses[name](drawn, at[0], at[1]).Loss, [drawn.Rewards("A"), drawn.Rewards("B")], new RandomStream(drawn.Seed, "direction")));

    [Theory]
    [MemberData(nameof(PairNames))]
    public void OnlyTheDifferenceOfTwoRewardsCounts(string name) => Holds(drawn =>
    {
        Tensor shift_N = drawn.Rewards("shift");
        TensorAssert.Close(
            Losses[name](drawn, drawn.Rewards("A"), drawn.Rewards("B")).PerEntry_N, Losses[name](drawn, drawn.Rewards("A") + shift_N, drawn.Rewards("B") + shift_N).PerEntry_N, 1e-12, 1e-12);
    });

    [Fact]
    public void ProbabilitiesWithTiesSumTo1AndAreTheLoss() => Holds(drawn =>
    {
        Tensor a_N = drawn.Rewards("A");
        Tensor b_N = drawn.Rewards("B");
        double k = 1 + drawn.Scale;
        (Tensor winsA_N, Tensor winsB_N, Tensor tie_N) = RewardLosses.TieProbabilities(a_N, b_N, k);
        TensorAssert.Close(ones_like(a_N), winsA_N + winsB_N + tie_N, 1e-14);
        foreach ((PairLabel label, Tensor probability_N) in new[] { (PairLabel.A, winsA_N), (PairLabel.B, winsB_N), (PairLabel.Same, tie_N) })
        {
            TensorAssert.Close(-probability_N.log(), RewardLosses.BradleyTerryWithTies(a_N, b_N, k, [.. Enumerable.Repeat(label, drawn.Count)]).PerEntry_N, 1e-10, 1e-10);
        }
    });

    private static void Holds(Action<Drawn> property) => Any.Sample(
        drawn =>
        {
            using var scope = NewDisposeScope();
            property(drawn);
        },
        iter: Samples,
        threads: 1);

    /// <summary>Rewards, labels and scores from streams of a seed.</summary>
    private sealed record Drawn(int Count, int Seed, LossMean Mean, double Scale)
    {
        public PairLabel[] Labels
        {
            get
            {
                RandomStream stream = new(Seed, "labels");
                PairLabel[] all = Enum.GetValues<PairLabel>();
                return [.. Enumerable.Range(0, Count).Select(_ => all[stream.Next(all.Length)])];
            }
        }

        public Tensor Rewards(string name) => 2 * FiniteDifference.Normal(new RandomStream(Seed, "rewards " + name), Count);

        /// <summary>1 to 5, or 0 where one is missing.</summary>
        public Tensor Scores(string name)
        {
            RandomStream stream = new(Seed, "scores " + name);
            return tensor(Enumerable.Range(0, Count).Select(_ => (double)stream.Next(6)).ToArray());
        }

        public Tensor Grades(string name)
        {
            Tensor scores_N = Scores(name);
            return scores_N.masked_fill(scores_N.eq(0), double.NaN);
        }
    }
}
