using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Tunes the generator by one arm for a round, on the round's pairs and with its reference energies; in the first round all arms share both.</summary>
internal sealed class TuningStage(TuningSetup setup, ReproductionArm arm, Stage reference)
{
    public const string WeightsFile = "weights.safetensors";
    private const double SecondsPerStep = 0.6;

    public Stage Stage() => new(
        setup.Round.NameOf("tuned", setup.Seed, arm),
        2,
        new JsonObject { ["seed"] = setup.Seed, ["generator"] = setup.GeneratorHash, ["options"] = JsonSerializer.SerializeToNode(setup.Options(arm)) },
        [.. setup.Inputs, reference],
        setup.Round.Steps * SecondsPerStep,
        context => setup.Train(
            context,
            arm,
            context.Input(reference.Name, ""),
            trainer => trainer.Run(context.Folder, done => context.Report(done, setup.Round.Steps), context.Cancellation)));
}
