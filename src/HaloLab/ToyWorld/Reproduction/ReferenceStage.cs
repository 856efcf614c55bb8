using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The untuned generator's energies on every pair and draw of the training, once for all arms.</summary>
internal sealed class ReferenceStage(TuningSetup setup)
{
    private const double SecondsPerStep = 0.3;

    public Stage Stage() => new(
        $"reference-s{setup.Seed}",
        1,
        new JsonObject
        {
            ["seed"] = setup.Seed,
            ["generator"] = setup.GeneratorHash,
            ["steps"] = setup.Settings.TuningSteps,
            ["batchPairs"] = setup.Settings.BatchPairs,
            ["grid"] = setup.Settings.Grid.ToString(),
        },
        setup.Inputs,
        setup.Settings.TuningSteps * SecondsPerStep,
        context => setup.Train(
            context,
            ReproductionArm.Halo,
            context.Folder,
            trainer => trainer.PrepareReference(done => context.Report(done, setup.Settings.TuningSteps), context.Cancellation)));
}
