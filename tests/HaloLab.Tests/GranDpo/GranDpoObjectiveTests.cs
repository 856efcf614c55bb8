using HaloLab.GranDpo;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

public class GranDpoObjectiveTests
{
    private static readonly PatchGrid Grid = new(2, 3, 2);

    private static Tensor Draw(int seed, params long[] shape)
    {
        Random random = new(seed);
        long count = shape.Aggregate(1L, (product, length) => product * length);
        return tensor(Enumerable.Range(0, (int)count).Select(_ => random.NextDouble() - 0.5).ToArray(), shape);
    }

    private static PatchEnergies Energies(int seed, PatchGrid grid, long pairs = 4) => PatchEnergies.Compute(Draw(seed, pairs, 2, 4, 7, 5), Draw(0, pairs, 2, 4, 7, 5), grid);

    private static PairRewards Rewards(PatchGrid grid, long pairs = 4) =>
        new(Draw(5, pairs), Draw(6, pairs), Draw(7, pairs, grid.Time, grid.Height, grid.Width), Draw(8, pairs, grid.Time, grid.Height, grid.Width));

    private static GranDpoLoss Loss(GranDpoOptions options, PatchGrid grid, PairRewards? rewards = null) =>
        GranDpoObjective.Compute(Energies(1, grid), Energies(2, grid), Energies(3, grid), Energies(4, grid), rewards ?? Rewards(grid), options);

    [Fact]
    public void OneCellWithEqualBetasIsDiffusionDpo()
    {
        PatchGrid one = new(1, 1, 1);
        Tensor videoA = Draw(5, 4);
        Tensor videoB = Draw(6, 4);
        PairRewards rewards = new(videoA, videoB, videoA.view(4, 1, 1, 1), videoB.view(4, 1, 1, 1));
        GranDpoOptions options = new() { BetaVideo = 30, BetaPatch = 30, Lambda = 0.3 };
        GranDpoLoss granular = Loss(options, one, rewards);
        GranDpoLoss diffusion = Loss(options with { Terms = PreferenceTerms.VideoOnly }, one, rewards);
        TensorAssert.Close(diffusion.Loss, granular.Loss, 1e-14);

        // −log σ(−β·(Δ(winner) − Δ(loser))), by hand.
        double[] a = (Energies(1, one).Video_B - Energies(3, one).Video_B).data<double>().ToArray();
        double[] b = (Energies(2, one).Video_B - Energies(4, one).Video_B).data<double>().ToArray();
        double expected = Enumerable.Range(0, 4).Average(i =>
        {
            double difference = videoA[i].item<double>() > videoB[i].item<double>() ? a[i] - b[i] : b[i] - a[i];
            return Math.Log(1 + Math.Exp(30 * difference));
        });
        Assert.Equal(expected, diffusion.Loss.item<double>(), 1e-12);
    }

    [Fact]
    public void PresentTermsAreLn2WherePolicyIsReference()
    {
        PatchEnergies a = Energies(1, Grid);
        PatchEnergies b = Energies(2, Grid);
        GranDpoOptions options = new() { Lambda = 0.25, TauVideo = 0.35, TauPatch = 0.1, Weighting = PatchWeighting.Margin };
        GranDpoLoss loss = GranDpoObjective.Compute(a, b, a, b, Rewards(Grid), options);
        GranDpoMetrics metrics = GranDpoMetrics.Measure(loss, a, b, a, b, options);
        TensorAssert.Close(loss.VideoSign_B.abs() * Math.Log(2), loss.VideoTerm_B, 1e-15);
        TensorAssert.Close(ones(4, ScalarType.Float64) * Math.Log(2), loss.PatchTerm_B, 1e-15);
        Assert.InRange(metrics.UntiedPairs, 1, 3);
        Assert.InRange(metrics.UntiedPatches, 1, (4 * Grid.Count) - 1);
        Assert.Equal(0.5, metrics.VideoAccuracy);
        Assert.Equal(0.5, metrics.PatchAccuracy);
        Assert.Equal(0.0, metrics.VideoSaturated);
        Assert.Equal(metrics.Video.ReferenceBetter, metrics.Video.PolicyBetter);
    }

    [Theory]
    [InlineData(PreferenceForm.Sigmoid, 0.1, 0.2)]
    [InlineData(PreferenceForm.Hinge, 0, 0)]
    [InlineData(PreferenceForm.Ipo, 0, 0.2)]
    public void SwappingPairAndSignsChangesNothing(PreferenceForm form, double smoothing, double eta)
    {
        GranDpoOptions options = new() { BetaVideo = 40, BetaPatch = 20, Form = form, LabelSmoothing = smoothing, Eta = eta, Weighting = PatchWeighting.Margin };
        PairRewards rewards = Rewards(Grid);
        PairRewards swapped = new(rewards.VideoB_B, rewards.VideoA_B, rewards.PatchB_Bthw, rewards.PatchA_Bthw);
        GranDpoLoss loss = Loss(options, Grid, rewards);
        GranDpoLoss other = GranDpoObjective.Compute(Energies(2, Grid), Energies(1, Grid), Energies(4, Grid), Energies(3, Grid), swapped, options);
        TensorAssert.Identical(loss.Loss, other.Loss);
        TensorAssert.Close(loss.PerPair_B, other.PerPair_B, 0);
        Assert.NotEqual(loss.Loss.item<double>(), Loss(options, Grid, swapped).Loss.item<double>());
    }

    [Fact]
    public void ReductionDoesNotDependOnSize()
    {
        // Repeating every element along an axis that the grid divides changes no cell's mean and no clip's.
        PatchGrid grid = new(2, 2, 4);
        Tensor prediction = Draw(1, 3, 2, 2, 4, 4);
        Tensor target = Draw(2, 3, 2, 2, 4, 4);
        PatchEnergies small = PatchEnergies.Compute(prediction, target, grid);
        for (int axis = 1; axis < 5; axis++)
        {
            PatchEnergies large = PatchEnergies.Compute(prediction.repeat_interleave(3, axis), target.repeat_interleave(3, axis), grid);
            TensorAssert.Close(small.Video_B, large.Video_B, 1e-14);
            TensorAssert.Close(small.Cells_Bthw, large.Cells_Bthw, 1e-14);
        }
    }

    [Fact]
    public void UnevenCellsFollowTheFloorRule()
    {
        PatchEnergies energies = PatchEnergies.Compute(Draw(1, 2, 3, 4, 7, 5), Draw(2, 2, 3, 4, 7, 5), new PatchGrid(3, 2, 4));
        Tensor squares = (Draw(1, 2, 3, 4, 7, 5) - Draw(2, 2, 3, 4, 7, 5)).square();
        TensorAssert.Close(squares.mean([1, 2, 3, 4]), energies.Video_B, 1e-14);

        // Cell (2, 1, 3): frames 2..3, rows 3..6, columns 3..4.
        TensorAssert.Close(squares.narrow(2, 2, 2).narrow(3, 3, 4).narrow(4, 3, 2).mean([1, 2, 3, 4]), energies.Cells_Bthw[.., 2, 1, 3], 1e-14);
        Assert.NotEqual(energies.Video_B[0].item<double>(), energies.Cells_Bthw[0].mean().item<double>(), 1e-6);
    }

    [Fact]
    public void EnergiesAreFloat32WhateverTheModelComputesIn()
    {
        Tensor prediction = Draw(1, 1, 4, 4, 8, 8);
        Tensor target = Draw(2, 1, 4, 4, 8, 8).to(ScalarType.Float32);
        foreach (ScalarType type in new[] { ScalarType.BFloat16, ScalarType.Float16 })
        {
            PatchEnergies half = PatchEnergies.Compute(prediction.to(type), target, Grid);
            PatchEnergies exact = PatchEnergies.Compute(prediction.to(type).to(ScalarType.Float64), target, Grid);
            Assert.Equal(ScalarType.Float32, half.Video_B.dtype);
            TensorAssert.Close(exact.Video_B, half.Video_B, 1e-7);
            TensorAssert.Close(exact.Cells_Bthw, half.Cells_Bthw, 1e-6);
        }
    }

    [Fact]
    public void AllTiedGivesNoLossAndNoGradient()
    {
        foreach (PreferenceForm form in Enum.GetValues<PreferenceForm>())
        {
            Tensor prediction = Draw(1, 4, 2, 4, 7, 5).requires_grad_();
            GranDpoOptions options = new() { TauVideo = 10, TauPatch = 10, Form = form, Eta = 0.5 };
            PatchEnergies policy = PatchEnergies.Compute(prediction, Draw(0, 4, 2, 4, 7, 5), Grid);
            GranDpoLoss loss = GranDpoObjective.Compute(policy, Energies(2, Grid), Energies(3, Grid), Energies(4, Grid), Rewards(Grid), options);
            loss.Loss.backward();
            Assert.Equal(0.0, loss.Loss.item<double>());
            Assert.Equal(0.0, prediction.grad!.abs().max().item<double>());
            GranDpoMetrics metrics = GranDpoMetrics.Measure(loss, policy, Energies(2, Grid), Energies(3, Grid), Energies(4, Grid), options);
            Assert.Null(metrics.VideoAccuracy);
            Assert.Null(metrics.Patch.PolicyBetter);
        }
    }

    [Fact]
    public void FineTuningTermIsTheBetterClipsEnergy()
    {
        GranDpoOptions options = new() { Terms = PreferenceTerms.None, Eta = 2 };
        PairRewards rewards = new(tensor(new double[] { 1, 0, 3, 3 }), tensor(new double[] { 0, 1, 3, 2 }), zeros(4, 1, 1, 1), zeros(4, 1, 1, 1));
        double a0 = Energies(1, new(1, 1, 1)).Video_B[0].item<double>();
        double b1 = Energies(2, new(1, 1, 1)).Video_B[1].item<double>();
        double a3 = Energies(1, new(1, 1, 1)).Video_B[3].item<double>();
        GranDpoLoss loss = Loss(options, new(1, 1, 1), rewards);
        Assert.Equal(2 * (a0 + b1 + a3) / 3, loss.Loss.item<double>(), 1e-14);
        Assert.Equal(0.0, loss.HasTerm_B[2].item<double>());
    }

    [Fact]
    public void TheTermOfARegionLooksAtPatchesThatDifferAlone()
    {
        // Cells of 1, 3 and 2 elements. Pair 0 differs in the first two, each in favour of another clip: (1·0.4 + 3·(−0.2)) / 4 = −0.05, and A is better. Pair 1 differs nowhere by more than τ_p, pair 2 is
        // tied as a whole. Pair 3 differs in the last cell, and B is better.
        Tensor Cells(params double[] values) => tensor(values, [4, 1, 1, 3]);
        PatchEnergies a = new(tensor(new[] { 7.0, 7, 7, 7 }), Cells(0.4, 0.1, 9, 1, 1, 1, 2, 2, 2, 5, 5, 0.1));
        PatchEnergies b = new(tensor(new[] { 3.0, 3, 3, 3 }), Cells(0, 0.3, -9, 0, 0, 0, 0, 0, 0, 0, 0, 0.4));
        PatchEnergies zero = new(zeros(4, ScalarType.Float64), zeros([4, 1, 1, 3], ScalarType.Float64));
        PairRewards rewards = new(tensor(new[] { 1.0, 1, 1, 0 }), tensor(new[] { 0.0, 0, 1, 1 }), Cells(1, 0, 0.2, 0.2, 0, 0, 1, 1, 1, 0, 0, 0.3), Cells(0, 1, 0, 0, 0.2, 0, 0, 0, 0, 0, 0.2, 0));
        GranDpoOptions options = new() { Terms = PreferenceTerms.RegionOnly, BetaVideo = 4, TauPatch = 0.2, Eta = 0.5 };
        Tensor cells_thw = tensor(new double[] { 1, 3, 2 }, [1, 1, 3]);
        GranDpoLoss loss = GranDpoObjective.Compute(a, b, zero, zero, rewards, options, cells_thw);
        double expected0 = Math.Log(1 + Math.Exp(-4 * 0.05)) + (0.5 * 7);
        double expected3 = Math.Log(1 + Math.Exp(4 * 0.3)) + (0.5 * 3);
        TensorAssert.Close(tensor(new[] { expected0, 0, 0, expected3 }), loss.PerPair_B, 1e-14);
        TensorAssert.Close(tensor(new[] { 0.05, 0, 0, -0.3 }), loss.VideoMargin_B, 1e-15);
        Assert.Equal((expected0 + expected3) / 2, loss.Loss.item<double>(), 1e-14);
        Assert.Equal([1.0, 0, 0, 1], loss.HasTerm_B.data<double>().ToArray());
        Assert.Equal([1.0, 0, 0, 1], GranDpoObjective.HasTerm(rewards, options).data<double>().ToArray());
        Assert.Equal((2, 0.5), (GranDpoMetrics.Measure(loss, a, b, zero, zero, options).UntiedPairs, GranDpoMetrics.Measure(loss, a, b, zero, zero, options).VideoAccuracy));
        Assert.Throws<ArgumentNullException>(() => GranDpoObjective.Compute(a, b, zero, zero, rewards, options));
    }

    [Fact]
    public void SaturatedShareCountsTheFlatEnd()
    {
        GranDpoOptions options = new() { BetaVideo = 1, BetaPatch = 1, Terms = PreferenceTerms.VideoOnly };
        PatchEnergies zero = new(zeros(4, ScalarType.Float64), zeros([4, 1, 1, 1], ScalarType.Float64));
        PatchEnergies policy = new(tensor(new[] { -6.0, -4.0, 6.0, -100.0 }), zeros([4, 1, 1, 1], ScalarType.Float64));
        PairRewards rewards = new(tensor(new[] { 1.0, 1, 1, 0 }), zeros(4), zeros(4, 1, 1, 1), zeros(4, 1, 1, 1));
        GranDpoMetrics metrics = GranDpoMetrics.Measure(GranDpoObjective.Compute(policy, zero, zero, zero, rewards, options), policy, zero, zero, zero, options);
        Assert.Equal(3, metrics.UntiedPairs);
        Assert.Equal(1.0 / 3, metrics.VideoSaturated!.Value, 1e-15);
        Assert.Equal(2.0 / 3, metrics.VideoAccuracy!.Value, 1e-15);
        Assert.Equal(-4.0 / 3, metrics.Video.PolicyBetter!.Value, 1e-15);
        Assert.Equal(0.0, metrics.Video.PolicyWorse);
    }

    [Fact]
    public void GridFinerThanTheLatentIsRefused()
    {
        InputException exception = Assert.Throws<InputException>(() => Energies(1, new PatchGrid(2, 8, 2)));
        Assert.Contains("8 cells", exception.Message, StringComparison.Ordinal);
        Assert.Contains("7 latent elements", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void RewardThatIsNoNumberIsRefusedByThePairsName(double bad)
    {
        Tensor patch = Draw(7, 3, 1, 2, 2);
        Tensor broken = patch.clone();
        broken[1, 0, 1, 0] = bad;
        string[] names = ["first", "second", "third"];
        InputException exception = Assert.Throws<InputException>(() => new PairRewards(Draw(5, 3), Draw(6, 3), patch, broken, names));
        Assert.Contains("Pair 'second': a patch reward of clip B", exception.Message, StringComparison.Ordinal);
        Tensor video = tensor(new[] { 0.0, 1.0, bad });
        exception = Assert.Throws<InputException>(() => new PairRewards(video, Draw(6, 3), patch, patch, names));
        Assert.Contains("Pair 'third': a video reward of clip A", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SettingsOutOfRangeAreRefused()
    {
        GranDpoOptions[] broken =
        [
            new() { Lambda = 1.1 }, new() { BetaVideo = 0 }, new() { BetaPatch = double.NaN }, new() { TauPatch = -1 }, new() { LabelSmoothing = 0.5 },
            new() { LabelSmoothing = 0.1, Form = PreferenceForm.Hinge }, new() { Eta = -1 }, new() { Terms = PreferenceTerms.None },
        ];
        Assert.All(broken, options => Assert.Throws<InputException>(options.Validate));
        new GranDpoOptions().Validate();
    }
}
