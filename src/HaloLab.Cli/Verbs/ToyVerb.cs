using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab toy pretrain</c>: makes the toy checkpoints.</summary>
internal static class ToyVerb
{
    public static Command Create() => new("toy", "The embedded toy world.") { Pretrain() };

    private static Command Pretrain()
    {
        Command command = new("pretrain", "Train the toy autoencoder, generator and reward model from nothing (hours; goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "toy-pretraining"));
        command.SetAction((parsed, cancellation) =>
        {
            common.UseCompute(parsed);
            RunStore store = new(parsed.GetValue(common.Out)!.FullName);
            IReadOnlyList<Stage> stages = ToyPretraining.Stages(parsed.GetValue(common.Seed), new ToyPretrainingSettings());
            IReadOnlyList<StageResult> results = RunDisplay.Show(progress => store.Run(stages, progress, cancellation));
            Console.WriteLine(results.Single(result => result.Name == ToyPretraining.CheckpointStage).Folder);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
