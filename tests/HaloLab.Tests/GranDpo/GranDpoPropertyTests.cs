using CsCheck;
using HaloLab.GranDpo;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>What DESIGN D3 says of the objective whatever the numbers are, on drawn batches and settings; a failure is shrunk and named by the seed to repeat it with.</summary>
public class GranDpoPropertyTests
{
    private const int Samples = 60;

    private static readonly Gen<GranDpoOptions> AnyOptions = Gen.Select(
        Gen.Int[0, 2],
        Gen.Int[0, 1],
        Gen.Int[0, 4],
        Gen.Double[0, 1],
        Gen.Double[0.1, 20],
        Gen.Double[0.1, 20],
        Gen.Int[0, 2],
        Gen.Bool,
        (form, weighting, terms, lambda, betaVideo, betaPatch, tied, hasExtras) => new GranDpoOptions
        {
            Form = (PreferenceForm)form,
            Weighting = (PatchWeighting)weighting,
            Terms = (PreferenceTerms)terms,
            Lambda = lambda,
            BetaVideo = betaVideo,
            BetaPatch = betaPatch,

            // Rewards are quarters, so thresholds lie on them, too.
            TauVideo = tied / 4.0,
            TauPatch = tied / 4.0,
            LabelSmoothing = hasExtras && form == (int)PreferenceForm.Sigmoid ? 0.1 : 0,
            Eta = hasExtras || terms == (int)PreferenceTerms.None ? 0.7 : 0,
        });

    private static readonly Gen<Drawn> Any = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[0, 1_000_000], AnyOptions, (pairs, time, height, width, seed, options) =>
        new Drawn(pairs, new PatchGrid(time, height, width), seed, options));

    [Fact]
    public void WhichClipIsCalledADoesNotMatter() => Holds(Any, batch =>
        TensorAssert.Close(batch.PerPair_B(), batch.Change(all => (all.B, all.A, all.ReferenceB, all.ReferenceA, new PairRewards(all.Rewards.VideoB_B, all.Rewards.VideoA_B, all.Rewards.PatchB_Bthw, all.Rewards.PatchA_Bthw))).PerPair_B, 0));

    [Fact]
    public void OrderOfPairsDoesNotMatter() => Holds(Any, batch =>
    {
        int[] order = batch.Shuffled(batch.Pairs);
        Tensor rows_B = tensor(order.Select(row => (long)row).ToArray());
        PatchEnergies Rows(PatchEnergies energies) => new(energies.Video_B.index_select(0, rows_B), energies.Cells_Bthw.index_select(0, rows_B));
        GranDpoLoss shuffled = batch.Change(all => (Rows(all.A), Rows(all.B), Rows(all.ReferenceA), Rows(all.ReferenceB), all.Rewards.Rows([.. order.Select(row => (long)row)])));
        TensorAssert.Close(batch.Loss().Loss, shuffled.Loss, 1e-12, 1e-12);
        TensorAssert.Close(batch.PerPair_B().index_select(0, rows_B), shuffled.PerPair_B, 0);
    });

    [Fact]
    public void OrderOfCellsDoesNotMatter() => Holds(Any, batch =>
    {
        Tensor order = tensor(batch.Shuffled(batch.Grid.Count).Select(cell => (long)cell).ToArray());
        Tensor Cells(Tensor cells_Bthw) => cells_Bthw.flatten(1).index_select(1, order).reshape(cells_Bthw.shape);
        PatchEnergies Moved(PatchEnergies energies) => energies with { Cells_Bthw = Cells(energies.Cells_Bthw) };
        GranDpoLoss moved = batch.Change(all => (Moved(all.A), Moved(all.B), Moved(all.ReferenceA), Moved(all.ReferenceB), new PairRewards(all.Rewards.VideoA_B, all.Rewards.VideoB_B, Cells(all.Rewards.PatchA_Bthw), Cells(all.Rewards.PatchB_Bthw))), cells_thw: Cells(batch.Cells_thw.unsqueeze(0)).squeeze(0));
        TensorAssert.Close(batch.PerPair_B(), moved.PerPair_B, 1e-12, 1e-12);
    });

    [Fact]
    public void OnlyDifferencesOfRewardsCount() => Holds(Any, batch =>
    {
        // Whole numbers added to quarters: no rounding.
        Tensor video_B = batch.Whole("video", batch.Pairs);
        Tensor patch_Bthw = batch.Whole("patch", batch.Shape);
        TensorAssert.Identical(batch.PerPair_B(), batch.With(rewards => new PairRewards(rewards.VideoA_B + video_B, rewards.VideoB_B + video_B, rewards.PatchA_Bthw + patch_Bthw, rewards.PatchB_Bthw + patch_Bthw)).PerPair_B);
    });

    [Fact]
    public void UnitsOfRewardsDoNotCount() => Holds(Any, batch =>
    {
        // Margins weigh by their share of the sum, so a unit cancels there, too.
        GranDpoOptions options = batch.Options with { TauVideo = 8 * batch.Options.TauVideo, TauPatch = 8 * batch.Options.TauPatch };
        TensorAssert.Close(batch.PerPair_B(), batch.With(rewards => new PairRewards(8 * rewards.VideoA_B, 8 * rewards.VideoB_B, 8 * rewards.PatchA_Bthw, 8 * rewards.PatchB_Bthw), options).PerPair_B, 1e-12, 1e-12);
    });

    [Fact]
    public void WithUniformWeightsOnlyTheOrderOfRewardsCounts() => Holds(Any, drawn =>
    {
        Drawn batch = drawn with { Options = drawn.Options with { Weighting = PatchWeighting.Uniform, TauVideo = 0, TauPatch = 0 } };
        TensorAssert.Identical(batch.PerPair_B(), batch.With(rewards => new PairRewards(rewards.VideoA_B.pow(3), rewards.VideoB_B.pow(3), rewards.PatchA_Bthw.exp(), rewards.PatchB_Bthw.exp())).PerPair_B);
    });

    [Fact]
    public void UnitsOfEnergiesCancelAgainstBeta() => Holds(Any, drawn =>
    {
        // IPO's own unit is 1/β, and η weighs an energy itself.
        Drawn batch = drawn with { Options = drawn.Options with { Form = drawn.Options.Form == PreferenceForm.Ipo ? PreferenceForm.Sigmoid : drawn.Options.Form, Eta = 0 } };
        PatchEnergies Times8(PatchEnergies energies) => new(8 * energies.Video_B, 8 * energies.Cells_Bthw);
        GranDpoOptions options = batch.Options with { BetaVideo = batch.Options.BetaVideo / 8, BetaPatch = batch.Options.BetaPatch / 8 };
        TensorAssert.Close(batch.PerPair_B(), batch.Change(all => (Times8(all.A), Times8(all.B), Times8(all.ReferenceA), Times8(all.ReferenceB), all.Rewards), options).PerPair_B, 1e-12, 1e-12);
    });

    [Fact]
    public void OnlyWhatThePolicyChangedCounts() => Holds(Any, drawn =>
    {
        // η sees the policy's own energy, so it is left out.
        Drawn batch = drawn with { Options = drawn.Options with { Eta = 0 } };
        PatchEnergies Plus(PatchEnergies energies, string name) => new(energies.Video_B + batch.Whole(name, batch.Pairs), energies.Cells_Bthw + batch.Whole(name, batch.Shape));
        TensorAssert.Close(batch.PerPair_B(), batch.Change(all => (Plus(all.A, "a"), Plus(all.B, "b"), Plus(all.ReferenceA, "a"), Plus(all.ReferenceB, "b"), all.Rewards)).PerPair_B, 1e-10, 1e-10);
    });

    [Fact]
    public void PresentTermsAreLn2WherePolicyIsReference() => Holds(Any, drawn =>
    {
        Drawn batch = drawn with { Options = drawn.Options with { Form = PreferenceForm.Sigmoid, Eta = 0 } };
        GranDpoLoss loss = batch.Change(all => (all.A, all.B, all.A, all.B, all.Rewards));
        GranDpoOptions options = batch.Options;
        (double video, double patch) = options.Terms switch { PreferenceTerms.VideoAndPatch => (options.Lambda, 1 - options.Lambda), PreferenceTerms.VideoOnly or PreferenceTerms.RegionOnly => (1, 0), PreferenceTerms.PatchOnly => (0, 1), _ => (0.0, 0.0) };
        Tensor hasVideo_B = (batch.Rewards.VideoA_B - batch.Rewards.VideoB_B).abs().gt(options.TauVideo).to(ScalarType.Float64);
        Tensor hasPatch_B = (batch.Rewards.PatchA_Bthw - batch.Rewards.PatchB_Bthw).abs().gt(options.TauPatch).flatten(1).any(1).to(ScalarType.Float64);
        hasVideo_B = options.Terms == PreferenceTerms.RegionOnly ? hasVideo_B * hasPatch_B : hasVideo_B;
        TensorAssert.Close(Math.Log(2) * ((video * hasVideo_B) + (patch * hasPatch_B)), loss.PerPair_B, 1e-14);
    });

    [Fact]
    public void TiedPairsChangeNothing() => Holds(Any, batch =>
    {
        PatchEnergies Twice(PatchEnergies energies) => new(cat([energies.Video_B, energies.Video_B]), cat([energies.Cells_Bthw, energies.Cells_Bthw]));
        GranDpoLoss longer = batch.Change(all => (Twice(all.A), Twice(all.B), Twice(all.ReferenceA), Twice(all.ReferenceB), new PairRewards(
            cat([all.Rewards.VideoA_B, all.Rewards.VideoA_B]),
            cat([all.Rewards.VideoB_B, all.Rewards.VideoA_B]),
            cat([all.Rewards.PatchA_Bthw, all.Rewards.PatchA_Bthw]),
            cat([all.Rewards.PatchB_Bthw, all.Rewards.PatchA_Bthw]))));
        TensorAssert.Close(batch.Loss().Loss, longer.Loss, 1e-12, 1e-12);
    });

    [Fact]
    public void ALossIsTheMeanOfItsPairsThatHaveATerm() => Holds(Any, batch =>
    {
        double sum = 0;
        int counted = 0;
        for (int pair = 0; pair < batch.Pairs; pair++)
        {
            PatchEnergies Own(PatchEnergies energies) => energies.Rows(pair, 1);
            GranDpoLoss alone = batch.Change(all => (Own(all.A), Own(all.B), Own(all.ReferenceA), Own(all.ReferenceB), all.Rewards.Rows([pair])));
            sum += alone.Loss.item<double>();
            counted += (int)alone.HasTerm_B.sum().item<double>();
        }

        Assert.Equal(sum / Math.Max(1, counted), batch.Loss().Loss.item<double>(), 1e-10);
    });

    [Fact]
    public void TheEndsOfLambdaAreTheSingleTerms() => Holds(Any, batch =>
    {
        foreach ((double lambda, PreferenceTerms terms) in new[] { (1.0, PreferenceTerms.VideoOnly), (0.0, PreferenceTerms.PatchOnly) })
        {
            Tensor both_B = (batch with { Options = batch.Options with { Terms = PreferenceTerms.VideoAndPatch, Lambda = lambda } }).PerPair_B();
            TensorAssert.Close((batch with { Options = batch.Options with { Terms = terms } }).PerPair_B(), both_B, 1e-12, 1e-12);
        }
    });

    [Fact]
    public void OneCellWithTheClipsRewardAndEnergyIsDiffusionDpo() => Holds(Any, drawn =>
    {
        Drawn one = drawn with { Grid = new PatchGrid(1, 1, 1), Options = drawn.Options with { BetaPatch = drawn.Options.BetaVideo } };
        PatchEnergies Whole(PatchEnergies energies) => energies with { Cells_Bthw = energies.Video_B.view(-1, 1, 1, 1) };
        Tensor Loss(PreferenceTerms terms) => one.Change(
            all => (Whole(all.A), Whole(all.B), Whole(all.ReferenceA), Whole(all.ReferenceB), new PairRewards(all.Rewards.VideoA_B, all.Rewards.VideoB_B, all.Rewards.VideoA_B.view(-1, 1, 1, 1), all.Rewards.VideoB_B.view(-1, 1, 1, 1))),
            one.Options with { Terms = terms }).Loss;
        TensorAssert.Close(Loss(PreferenceTerms.VideoOnly), Loss(PreferenceTerms.VideoAndPatch), 1e-12, 1e-12);
        TensorAssert.Close(Loss(PreferenceTerms.VideoOnly), Loss(PreferenceTerms.PatchOnly), 1e-12, 1e-12);
        TensorAssert.Close(Loss(PreferenceTerms.VideoOnly), Loss(PreferenceTerms.RegionOnly), 1e-12, 1e-12);
    });

    [Fact]
    public void ARegionOfAllPatchesIsTheWholeClip() => Holds(Any, drawn =>
    {
        // Whatever the patches' rewards are, as long as none is tied.
        Drawn batch = drawn with { Options = drawn.Options with { TauPatch = 0 } };
        PatchEnergies Whole(PatchEnergies energies) => energies with { Video_B = (energies.Cells_Bthw * batch.Cells_thw).sum([1, 2, 3]) / batch.Cells_thw.sum() };
        Tensor PerPair(PreferenceTerms terms) => batch.Change(
            all => (Whole(all.A), Whole(all.B), Whole(all.ReferenceA), Whole(all.ReferenceB), new PairRewards(all.Rewards.VideoA_B, all.Rewards.VideoB_B, all.Rewards.PatchA_Bthw, all.Rewards.PatchA_Bthw + batch.Whole("differs", batch.Shape).abs() + 1)),
            batch.Options with { Terms = terms }).PerPair_B;
        TensorAssert.Close(PerPair(PreferenceTerms.VideoOnly), PerPair(PreferenceTerms.RegionOnly), 1e-10, 1e-10);
    });

    [Fact]
    public void OutsideOfARegionNothingCounts() => Holds(Any, drawn =>
    {
        Drawn batch = drawn with { Options = drawn.Options with { Terms = PreferenceTerms.RegionOnly } };
        Tensor outside_Bthw = (batch.Rewards.PatchA_Bthw - batch.Rewards.PatchB_Bthw).abs().le(batch.Options.TauPatch);
        PatchEnergies Changed(PatchEnergies energies) => energies with { Cells_Bthw = energies.Cells_Bthw + (100 * outside_Bthw.to(ScalarType.Float64)) };
        TensorAssert.Identical(batch.PerPair_B(), batch.Change(all => all with { A = Changed(all.A) }).PerPair_B);
        Assert.Equal(0.0, (batch.Loss().HasTerm_B * outside_Bthw.flatten(1).all(1).to(ScalarType.Float64)).sum().item<double>());
    });

    [Fact]
    public void EnergyOfTheBetterSideIsPushedDownAndOfTheWorseUp() => Holds(Any, drawn =>
    {
        // IPO pulls back what went too far, and smoothing looks both ways.
        Drawn batch = drawn with { Options = drawn.Options with { Form = drawn.Options.Form == PreferenceForm.Ipo ? PreferenceForm.Sigmoid : drawn.Options.Form, LabelSmoothing = 0, Eta = 0 } };
        PatchEnergies a = new(batch.A.Video_B.clone().requires_grad_(), batch.A.Cells_Bthw.clone().requires_grad_());
        GranDpoLoss loss = batch.Change(all => (a, all.B, all.ReferenceA, all.ReferenceB, all.Rewards));
        loss.Loss.backward();
        Assert.True((a.Video_B.grad! * loss.VideoSign_B).min().item<double>() >= 0);
        Tensor sign_Bthw = batch.Options.Terms == PreferenceTerms.RegionOnly ? loss.VideoSign_B.view(-1, 1, 1, 1) : loss.PatchSign_Bthw;
        Assert.True((a.Cells_Bthw.grad! * sign_Bthw).min().item<double>() >= 0);
        Assert.Equal(0.0, (a.Cells_Bthw.grad! * (1 - loss.PatchSign_Bthw.abs())).abs().max().item<double>());
    });

    [Fact]
    public void GradientsAreThoseOfFiniteDifferences() => Holds(Any, batch =>
    {
        if (batch.IsNearAKink())
        {
            return;
        }

        FiniteDifference.Check(
            at => batch.Change(all => (new PatchEnergies(at[0], at[1]), new PatchEnergies(at[2], at[3]), all.ReferenceA, all.ReferenceB, all.Rewards)).Loss,
            [batch.A.Video_B, batch.A.Cells_Bthw, batch.B.Video_B, batch.B.Cells_Bthw],
            new RandomStream(batch.Seed, "direction"));
    });

    /// <summary>The same from the denoiser's predictions on, with cells of unequal size.</summary>
    [Fact]
    public void GradientsOfPredictionsAreThoseOfFiniteDifferences() => Holds(Any, batch =>
    {
        if (batch.Options.Form == PreferenceForm.Hinge)
        {
            return;
        }

        RandomStream stream = new(batch.Seed, "predictions");
        long[] shape = [batch.Pairs, 2, batch.Grid.Time + 1, batch.Grid.Height, (2 * batch.Grid.Width) + 1];
        Tensor target = FiniteDifference.Normal(stream, shape);
        PatchEnergies Of(Tensor prediction) => PatchEnergies.Compute(prediction, target, batch.Grid);
        FiniteDifference.Check(
            at => batch.Change(all => (Of(at[0]), Of(at[1]), all.ReferenceA, all.ReferenceB, all.Rewards)).Loss,
            [FiniteDifference.Normal(stream, shape) * 0.1, FiniteDifference.Normal(stream, shape) * 0.1],
            stream);
    });

    private static void Holds(Gen<Drawn> drawn, Action<Drawn> property) => drawn.Sample(
        batch =>
        {
            using var scope = NewDisposeScope();
            property(batch);
        },
        iter: Samples,
        threads: 1);

    /// <summary>A batch: its numbers come from streams of its seed, so that shape and settings are what is shrunk.</summary>
    private sealed record Drawn(int Pairs, PatchGrid Grid, int Seed, GranDpoOptions Options)
    {
        public long[] Shape => [Pairs, Grid.Time, Grid.Height, Grid.Width];

        /// <summary>Of a lattice that the grid does not divide.</summary>
        public Tensor Cells_thw => new CellSums(Grid, Grid.Time + 1, Grid.Height, (2 * Grid.Width) + 1).Counts(channels: 1, ScalarType.Float64);

        public PatchEnergies A => Energies("A");

        public PatchEnergies B => Energies("B");

        public PairRewards Rewards => new(Quarters("video A", Pairs), Quarters("video B", Pairs), Quarters("patch A", Shape), Quarters("patch B", Shape));

        public int[] Shuffled(int count)
        {
            int[] order = [.. Enumerable.Range(0, count)];
            new RandomStream(Seed, "order").Shuffle(order);
            return order;
        }

        public Tensor Whole(string name, params long[] shape) => (4 * FiniteDifference.Normal(new RandomStream(Seed, "whole " + name), shape)).round();

        public GranDpoLoss Loss() => Change(all => all);

        public Tensor PerPair_B() => Loss().PerPair_B;

        public GranDpoLoss With(Func<PairRewards, PairRewards> change, GranDpoOptions? options = null) => Change(all => all with { Rewards = change(all.Rewards) }, options);

        public GranDpoLoss Change(
            Func<(PatchEnergies A, PatchEnergies B, PatchEnergies ReferenceA, PatchEnergies ReferenceB, PairRewards Rewards), (PatchEnergies A, PatchEnergies B, PatchEnergies ReferenceA, PatchEnergies ReferenceB, PairRewards Rewards)> change,
            GranDpoOptions? options = null,
            Tensor? cells_thw = null)
        {
            (PatchEnergies a, PatchEnergies b, PatchEnergies referenceA, PatchEnergies referenceB, PairRewards rewards) = change((A, B, Energies("reference A"), Energies("reference B"), Rewards));
            return GranDpoObjective.Compute(a, b, referenceA, referenceB, rewards, options ?? Options, cells_thw ?? Cells_thw);
        }

        /// <summary>Whether a hinge is so near its edge that a finite difference would reach over it.</summary>
        public bool IsNearAKink()
        {
            GranDpoLoss loss = Loss();
            bool IsNear(Tensor margin, double beta) => (1 - (beta * margin)).abs().min().item<double>() < 1e-2;
            return Options.Form == PreferenceForm.Hinge && (IsNear(loss.VideoMargin_B, Options.BetaVideo) || IsNear(loss.PatchMargin_Bthw, Options.BetaPatch));
        }

        private PatchEnergies Energies(string name) => new(
            1 + (0.2 * FiniteDifference.Normal(new RandomStream(Seed, "video energy " + name), Pairs)),
            1 + (0.2 * FiniteDifference.Normal(new RandomStream(Seed, "cell energy " + name), Shape)));

        private Tensor Quarters(string name, params long[] shape) => (2 * FiniteDifference.Normal(new RandomStream(Seed, name), shape)).round() / 4;
    }
}
