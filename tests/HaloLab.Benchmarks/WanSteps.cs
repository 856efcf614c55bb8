using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>Steps of Gran-DPO on adapters of Wan2.1's transformer (first values, random pairs), a pair a step.</summary>
internal sealed class WanSteps : IDisposable
{
    private const int PairCount = 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
    private readonly WanTransformer _model;
    private readonly TrainingPairs _pairs;
    private readonly GranDpoTrainer _trainer;
    private long _step;

    /// <param name="config">Sizes of the transformer.</param>
    /// <param name="lattice">Latents of a clip.</param>
    /// <param name="recomputes">Whether blocks are computed again in the backward pass.</param>
    /// <param name="isTwoPass">Whether the clips of a pair go through one after the other.</param>
    /// <param name="precision">What the transformer's own matrices are held in.</param>
    /// <param name="patches">Patches of the objective to a side.</param>
    /// <param name="terms">What is learned.</param>
    public WanSteps(
        WanConfig config, LatentLattice lattice, bool recomputes = false, bool isTwoPass = false, ScalarType precision = ScalarType.Float32, int patches = 4, PreferenceTerms terms = PreferenceTerms.VideoAndPatch)
    {
        PatchGrid grid = new(patches, patches, patches);
        _model = new WanTransformer(config) { Recomputes = recomputes };
        Initialisation.Draw(_model, 1);
        _model.In(precision);
        _pairs = RandomPairs.Draw(PairCount, grid, config.InChannels, lattice, 32, config.TextDim);
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = PairCount, BatchPairs = 1, DrawsPerPair = 1, TwoPass = isTwoPass, LoraRank = 8, LearningRate = 1e-6, Grid = grid, Objective = new GranDpoOptions { Terms = terms } };
        _trainer = new GranDpoTrainer(_model, new WanDenoiser(_model), new FlowMatchingTarget(), _pairs, options, _folder);

        // The kernels' own memory is there from here on.
        _trainer.PrepareReference(advanced: null, CancellationToken.None);
    }

    /// <summary>The next step.</summary>
    public void Step() => _trainer.Step(_step++ % PairCount);

    public void Dispose()
    {
        _trainer.Dispose();
        _pairs.Dispose();
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
