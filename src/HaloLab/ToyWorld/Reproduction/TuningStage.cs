using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Tunes the generator by one arm on the shared pairs, with the reference energies that all arms share.</summary>
internal sealed class TuningStage(TuningSetup setup, ReproductionArm arm, Stage reference)
{
    public const string WeightsFile = "weights.safetensors";
    private const double SecondsPerStep = 0.6;

    public Stage Stage() => new(
        $"tuned-{arm.Name}-s{setup.Seed}",
        2,
        new JsonObject { ["seed"] = setup.Seed, ["generator"] = setup.GeneratorHash, ["options"] = JsonSerializer.SerializeToNode(setup.Settings.Tuning(arm, setup.Seed)) },
        [.. setup.Inputs, reference],
        setup.Settings.TuningSteps * SecondsPerStep,
        context => setup.Train(
            context,
            arm,
            context.Input(reference.Name, ""),
            trainer => trainer.Run(context.Folder, done => context.Report(done, setup.Settings.TuningSteps), context.Cancellation)));
}
