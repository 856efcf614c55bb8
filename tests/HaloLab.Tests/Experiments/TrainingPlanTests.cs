using HaloLab.Diffusion;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments;

/// <summary>What is counted, by hand. What is measured is held against trainings by <c>HaloLab.Benchmarks -- plan</c>.</summary>
public class TrainingPlanTests
{
    private static readonly WanConfig Config = new() { NumAttentionHeads = 2, AttentionHeadDim = 20, FfnDim = 96, NumLayers = 2, TextDim = 24 };

    private static readonly LatentLattice Lattice = new(3, 8, 12, 8);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WeightsAdaptersAndClipsAreCounted(bool isTwoPass)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a step holds is read from Linux's /proc");
        WanTransformer network = new(Config);
        Initialisation.Draw(network, 1);
        network.ReadyForUse();
        long values = network.parameters().Sum(parameter => parameter.NumberOfElements);
        using VideoPipeline.LoadedDenoiser loaded = new(network, new WanDenoiser(network));
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = 1, BatchPairs = 2, LoraRank = 3, TwoPass = isTwoPass };
        TrainingPlan plan = TrainingPlan.Measure(loaded, new FlowMatchingTarget(), new DenoiserInputs(Config.InChannels, Lattice, 2, 5, Config.TextDim), options, pairs: 7, prompts: 2);

        Assert.Equal(4 * values, plan.Weights);

        // Two blocks, two attentions, four layers of 40 x 40 each: A is 3 x 40, B 40 x 3, each from a multiple of 16 numbers on: 128. Values, gradients, two moments.
        Assert.Equal(4 * 4 * (2 * 2 * 4 * 2 * 128), plan.Adapters);
        Assert.Equal(4 * ((2 * 7 * 16 * 3 * 8 * 12) + (2 * 5 * 24)), plan.Clips);
        Assert.Equal(plan.Program + plan.Weights + plan.Adapters + plan.Clips + plan.Step, plan.Peak);

        // So little stands out from nothing: it is measured at the size that is asked for.
        Assert.Equal(Lattice, plan.Probes[^1].Lattice);
        Assert.Equal(plan.Probes[^1].Bytes, plan.Step);
        Assert.Equal([(2, 2), (4, 4), (6, 6), (8, 12)], plan.Probes.Select(probe => (probe.Lattice.Height, probe.Lattice.Width)));
    }
}
