using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab toy pretrain</c> makes the toy checkpoints, <c>halolab toy tune</c> chooses the settings of the arms.</summary>
internal static class ToyVerb
{
    public static Command Create() => new("toy", "The embedded toy world.") { Pretrain(), Tune() };

    private static Command Pretrain()
    {
        Command command = new("pretrain", "Train the toy autoencoder, generator and reward model from nothing (hours; goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "toy-pretraining"));
        Option<string?> from = new("--from") { Description = "Folder of toy checkpoints: train on from its generator, keeping its autoencoder, instead of from nothing." };
        Option<bool> judgesOnly = new("--judges-only") { Description = "With --from: keep its generator as it is and train only the reward models and the scorer, on its samples." };
        command.Options.Add(from);
        command.Options.Add(judgesOnly);
        command.SetWork((parsed, cancellation) =>
        {
            string folder = parsed.GetValue(common.Out)!.FullName;
            common.Compute.Use(parsed, folder);
            IReadOnlyList<Stage> stages = ToyPretraining.Stages(parsed.GetValue(common.Seed), new ToyPretrainingSettings(), parsed.GetValue(from), parsed.GetValue(judgesOnly));
            RunStore store = new(folder);
            IReadOnlyList<StageResult> results = RunDisplay.Show(progress => store.Run(stages, progress, cancellation));
            Console.WriteLine(results.Single(result => result.Name == ToyPretraining.CheckpointStage).Folder);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Tune()
    {
        Command command = new("tune", "Choose the settings of every arm of `reproduce` on development prompts, an equal number for each (an hour; goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "toy-tuning"), isSeeded: false);
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        command.Options.Add(checkpoints);
        command.SetWork((parsed, cancellation) =>
        {
            string folder = parsed.GetValue(common.Out)!.FullName;
            common.Compute.Use(parsed, Path.Combine(folder, "stages"));
            ArmSearch search = new(parsed.GetValue(checkpoints)!);
            Console.WriteLine(File.ReadAllText(RunDisplay.Show(progress => search.Run(folder, progress, cancellation))));
            return ExitCode.Done;
        });
        return command;
    }
}
