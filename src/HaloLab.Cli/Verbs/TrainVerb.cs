using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Preferences;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab train</c>: Gran-DPO on pairs of given video files.</summary>
internal static class TrainVerb
{
    private const int DefaultRank = 16;
    private const string ProfileFile = "profile.json";

    private static readonly GranDpoOptions Objective = new();

    public static Command Create()
    {
        Command command = new("train", "Tune a generator on pairs of given video files by Gran-DPO: the toy one, or adapters of a published model (goes on where it stopped). Started by `mpirun -n N` or `srun --mpi=pmix`, N ranks share every batch (docs/scaling.md).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "train"));
        Option<FileInfo> pairs = new("--pairs") { Description = "Pairs of videos: .csv (path_A, path_B, prompt and dimensions that are A, B or same) or .jsonl (also reward_A, reward_B, patch_rewards_A, patch_rewards_B, grid).", Required = true };
        Option<string> model = new("--model") { Description = "What to start from: a folder of toy checkpoints, or a published model (Wan2.1 or CogVideoX in diffusers' layout, Wan2.1's original files, VideoCrafter2's checkpoint beside its .yaml).", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        Option<string?> reward = new("--reward") { Description = "Which dimension to train on (VQ), or weights of several (VQ=1,MQ=0.5)." };
        Option<int> steps = new("--steps") { Description = "Optimiser steps.", DefaultValueFactory = _ => 100 };
        Option<int> batch = new("--batch-pairs") { Description = "Pairs in a step, of all ranks together.", DefaultValueFactory = _ => 8 };
        Option<double> rate = new("--learning-rate") { Description = "Learning rate after the warm-up.", DefaultValueFactory = _ => 1e-4 };
        Option<string> arm = new("--arm") { Description = $"What is learned: halo (video and patch preferences), or a baseline on the same pairs, noise and steps: {string.Join(", ", ReproductionArm.Known.Select(arm => arm.Name).Where(name => name != ReproductionArm.Halo.Name))}.", DefaultValueFactory = _ => ReproductionArm.Halo.Name };
        arm.AcceptOnlyFromAmong([.. ReproductionArm.Known.Select(arm => arm.Name)]);
        Option<double> betaVideo = new("--beta-video") { Description = "Strength of the video term.", DefaultValueFactory = _ => Objective.BetaVideo };
        Option<double> betaPatch = new("--beta-patch") { Description = "Strength of the patch term.", DefaultValueFactory = _ => Objective.BetaPatch };
        Option<double> tauPatch = new("--tau-patch") { Description = "Patch rewards that differ by no more are tied: no preference there, and no part of the region of region-masked.", DefaultValueFactory = _ => Objective.TauPatch };
        Option<double> eta = new("--eta") { Description = "Weight of fine-tuning on the preferred clip.", DefaultValueFactory = _ => Objective.Eta };
        Option<string> grid = new("--grid") { Description = "Patches of the objective: time x height x width.", DefaultValueFactory = _ => "4x4x4" };
        Option<bool> twoPass = new("--two-pass") { Description = "Pass over the clips of a step twice, one at a time: memory that does not grow with --batch-pairs, a pass without gradients more, the same gradients to rounding." };
        Option<int?> rank = new("--lora-rank") { Description = $"Published models: rank of the adapters. Default: {DefaultRank}." };
        Option<double?> alpha = new("--lora-alpha") { Description = "Published models: the adapters count with alpha / rank. Default: the rank." };
        Option<int?> frames = new("--frames") { Description = "Published models: frames of a clip. Default: the model's." };
        Option<string?> size = new("--size") { Description = "Published models: WIDTHxHEIGHT in pixels. Default: the model's." };
        Option<bool> recompute = new("--recompute") { Description = "Published models: keep only the inputs of each block and run it again on the way back: less memory, more time, the same bits." };
        Option<bool> plan = new("--plan") { Description = "Published models: say what memory the training would need, part by part, by steps on smaller clips, and do nothing else. Linux, on the CPU." };
        Option<string[]> allowed = new("--allow-changed") { Description = "Go on from an unfinished training in --out that differs in this: a setting as the refusal names it, model, pairs or code. Can be given again for more.", DefaultValueFactory = _ => [] };
        Option<bool> shard = new("--shard-optimiser") { Description = "With several ranks: each keeps the optimiser's state of its part of the trained values alone. The same bits, less memory, more to send (docs/scaling.md); one process keeps all of it." };
        Option<int?> profile = new("--profile") { Description = $"Record so many steps, 1 to {StepProfile.MostSteps}, after the first {StepProfile.WarmUpSteps} that this call does: OUT/{ProfileFile}, a trace of time and memory for Perfetto or chrome://tracing, and a table of the phases of a step at the end. What is trained is the same bytes." };
        Option[] ofPublished = [rank, alpha, frames, size, recompute, plan];
        WatchOptions watch = new();
        foreach (Option option in (Option[])[pairs, model, reward, arm, steps, batch, rate, betaVideo, betaPatch, tauPatch, eta, grid, twoPass, allowed, shard, profile, .. ofPublished, .. watch.All])
        {
            command.Options.Add(option);
        }

        command.SetWorkOfRanks((parsed, ranks, cancellation) =>
        {
            string file = parsed.GetValue(pairs)!.FullName;
            VideoPairTable table = VideoPairFile.Read(file, parsed.GetValue(reward) is string text ? RewardAggregation.Parse(text) : null);
            string start = parsed.GetValue(model)!;
            bool isPublished = VideoPipeline.IsOne(start);
            if (!isPublished && ofPublished.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is Option given)
            {
                throw new InputException($"{given.Name} is for a published model, and {start} holds none (no model_index.json, no VideoCrafter2 checkpoint with its .yaml): give such a model's folder with --model.");
            }

            if (parsed.GetValue(plan) && ranks.Size > 1)
            {
                throw new InputException("--plan: says what one process needs. Start it without mpirun, with --batch-pairs divided by the number of ranks.");
            }

            ReproductionArm learned = ReproductionArm.Known.Single(known => known.Name == parsed.GetValue(arm));
            GranDpoTrainerOptions options = new()
            {
                LoraRank = isPublished ? parsed.GetValue(rank) ?? DefaultRank : null,
                LoraAlpha = parsed.GetValue(alpha),
                Seed = parsed.GetValue(common.Seed),
                Steps = parsed.GetValue(steps),
                BatchPairs = parsed.GetValue(batch),
                TwoPass = parsed.GetValue(twoPass),
                ShardsOptimiser = parsed.GetValue(shard),
                LearningRate = parsed.GetValue(rate),
                Grid = learned.Grid ?? PatchGrid.Parse(parsed.GetValue(grid)!),
                VideoReward = learned.VideoReward,
                Objective = Objective with
                {
                    Terms = learned.Terms,
                    BetaVideo = parsed.GetValue(betaVideo),
                    BetaPatch = parsed.GetValue(betaPatch),
                    TauPatch = parsed.GetValue(tauPatch),

                    // Fine-tuning alone needs a weight, and Adam makes no difference between weights.
                    Eta = learned.Terms == PreferenceTerms.None && parsed.GetResult(eta) is null or { Implicit: true } ? 1 : parsed.GetValue(eta),
                },
            };
            options.Validate();
            string folder = parsed.GetValue(common.Out)!.FullName;
            StepProfile? recorded = parsed.GetValue(profile) is int wanted ? new StepProfile(Path.Combine(folder, ProfileFile), wanted, ranks) : null;
            common.Compute.Use(parsed, Path.Combine(folder, "stages"), isToy: !isPublished, ranks.LocalRank);
            using ITunableModel tunable = isPublished ? Published(start, parsed.GetValue(frames), parsed.GetValue(size), parsed.GetValue(recompute)) : new TunableToyGenerator(start);
            VideoPairTraining training = new(table, tunable, options, watch.Read(parsed, tunable, table, options.Seed), ranks, parsed.GetValue(allowed), recorded);
            if (!ranks.IsFirst)
            {
                training.Follow(cancellation);
                return ExitCode.Done;
            }

            Report(table, training);
            if (parsed.GetValue(plan))
            {
                TrainingPlanText.Write((TunablePipeline)tunable, training);
                return ExitCode.Done;
            }

            string command = $"train --pairs {Path.GetFileName(file)} --reward {parsed.GetValue(reward) ?? "(the only one)"}";
            string tuned = RunDisplay.Show(progress => training.Run(folder, command, progress, cancellation));
            if (recorded is not null)
            {
                StepProfileText.Write(recorded, ranks);
            }

            Console.WriteLine(tuned);
            return ExitCode.Done;
        });
        return command;
    }

    private static TunablePipeline Published(string folder, int? frames, string? size, bool recomputes)
    {
        VideoPipeline pipeline = VideoPipeline.Open(folder);
        return new TunablePipeline(folder, pipeline, ModelOptions.Asked(pipeline, frames, size)) { Recomputes = recomputes };
    }

    private static void Report(VideoPairTable table, VideoPairTraining training)
    {
        Console.WriteLine($"{training.Pairs.Count} pairs to train on.");
        foreach (IGrouping<int, VideoPairTable.Repeat> repeats in table.Repeated.GroupBy(repeat => repeat.Earlier))
        {
            Console.WriteLine($"Rows {string.Join(", ", repeats.Select(repeat => repeat.Row))} repeat row {repeats.Key}: left out.");
        }

        if (table.TiedRows.Count > 0)
        {
            Console.WriteLine($"Tied, without patch rewards, left out: rows {string.Join(", ", table.TiedRows)}.");
        }

        if (table.IgnoredFields.Count > 0)
        {
            Console.WriteLine($"Nothing was read from the fields {string.Join(", ", table.IgnoredFields)}.");
        }
    }
}
