using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The energies on every pair and draw of a round of tuning, under the generator that it begins with: in the first round the untuned one, once for all arms.</summary>
internal sealed class ReferenceStage(TuningSetup setup)
{
    private const double SecondsPerStep = 0.3;

    public Stage Stage() => new(
        setup.Round.NameOf("reference", setup.Seed),
        1,
        new JsonObject
        {
            ["seed"] = setup.Seed,
            ["generator"] = setup.GeneratorHash,
            ["steps"] = setup.Round.Steps,
            ["batchPairs"] = setup.Settings.BatchPairs,
            ["grid"] = setup.Settings.Grid.ToString(),
        },
        setup.Inputs,
        setup.Round.Steps * SecondsPerStep,
        context => setup.Train(
            context,
            ReproductionArm.Halo,
            context.Folder,
            trainer => trainer.PrepareReference(done => context.Report(done, setup.Round.Steps), context.Cancellation)));
}
