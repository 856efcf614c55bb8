using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Progress;
using HaloLab.Experiments.Rewards;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.ToyWorld;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab reward train</c>: patch reward models from a label store.</summary>
internal static class RewardVerb
{
    /// <summary>Every backbone that the command line knows.</summary>
    public static RewardBackbones Backbones { get; } = RewardBackbones.Published.With(ToyRewardBackbone.Name, ToyRewardBackbone.Open, ToyCheckpoints.Folder);

    public static Command Create() => new("reward", "Patch reward models on video reward models.") { Train() };

    private static Command Train()
    {
        TrainOptions options = new();

        options.Command.SetWork((parsed, cancellation) => Run(options, parsed, cancellation));
        return options.Command;
    }

    private static int Run(TrainOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        RewardTrainingSettings settings = options.Read(parsed);
        string folder = parsed.GetValue(options.Common.Out)!.FullName;
        using LabelStore store = LabelStore.Open(parsed.GetValue(options.Store)!);
        options.Common.Compute.Use(parsed, Path.Combine(folder, "stages"), isToy: settings.Backbone == ToyRewardBackbone.Name);
        RewardTraining training;
        using (IRewardBackbone backbone = Backbones.Open(settings.Backbone, settings.BackboneFolder))
        {
            training = new RewardTraining(store, parsed.GetValue(options.Clips)!, settings, backbone, folder);
            Console.Error.WriteLine(training.Summary);
            RunDisplay.Bar("find videos", report => training.FindVideos(report, cancellation));
            RunDisplay.Bar($"{settings.Backbone} over clips", report => training.ReadClips(backbone, report, cancellation));
        }

        string command = $"reward train {Path.GetFileName(parsed.GetValue(options.Store))} --backbone {settings.Backbone}";
        RunDisplay.Show(progress =>
        {
            training.Train(command, progress, cancellation);
            return true;
        });
        RewardReport report = new(training);
        RunDisplay.Bar("controls", advanced => report.Ask(folder, advanced, cancellation));
        string page = report.Write(folder, cancellation);
        foreach (string warning in report.Warnings)
        {
            Console.Error.WriteLine(warning);
        }

        Console.WriteLine(Path.Combine(folder, RewardTraining.ModelFolder));
        Console.WriteLine(page);
        return ExitCode.Done;
    }

    /// <summary>The options of <c>reward train</c>.</summary>
    private sealed class TrainOptions
    {
        private const double HeadsRate = 1e-3;
        private const double WeightsRate = 1e-4;
        private const double ToyRate = 2e-3;
        private const string None = "none";

        private static readonly PatchRewardTrainingOptions Defaults = new();
        private static readonly PatchModelStart StartDefaults = new(BackboneTraining.Adapters);

        private static readonly Dictionary<string, PairLossKind> PairLosses = new()
        {
            ["btt"] = PairLossKind.BradleyTerryWithTies,
            ["bt"] = PairLossKind.BradleyTerry,
            ["margin"] = PairLossKind.Margin,
            ["constant-margin"] = PairLossKind.ConstantMargin,
            ["scaled"] = PairLossKind.Scaled,
        };

        private static readonly Dictionary<string, BackboneTraining> Trainings = new() { ["heads"] = BackboneTraining.Frozen, ["lora"] = BackboneTraining.Adapters, ["all"] = BackboneTraining.All };
        private static readonly Dictionary<string, RewardArm> Arms = new() { ["continued"] = RewardArm.Continued, ["patch-only"] = RewardArm.PatchOnly, ["joint"] = RewardArm.Joint };
        private static readonly Dictionary<string, LossMean> Means = new() { ["valid"] = LossMean.Valid, ["all"] = LossMean.All };

        private readonly Option<string> _backbone = new("--backbone") { Description = "The video reward model that goes on: toy, or videoreward:FOLDER, videoscore:FOLDER, viclip:FOLDER.", Required = true };
        private readonly Option<string?> _patchDimensions = new("--patch-dimensions") { Description = "What patches were graded on and is learned, with commas. Default: the only dimension that there is." };
        private readonly Option<string?> _videoDimensions = new("--video-dimensions") { Description = "Dimensions of ratings and comparisons of clips, NAME or REWARD=NAME with commas, or none. Default: those named like the backbone's rewards." };
        private readonly Option<string?> _annotators = new("--annotators") { Description = "Only labels of these annotators, with commas." };
        private readonly Option<string?> _annotatorWeights = new("--annotator-weights") { Description = "How much annotators' labels count, NAME=WEIGHT with commas; 1 for those not named." };
        private readonly Option<bool> _byConfidence = new("--weigh-by-confidence") { Description = "A label counts with its confidence." };
        private readonly Option<string> _arms = new("--arms") { Description = "continued (the trained model goes on), patch-only and joint (from random weights), with commas. The first one's model is written out.", DefaultValueFactory = _ => "continued" };
        private readonly Option<string?> _train = new("--train") { Description = "What the continued arm trains: heads (the backbone passes over each clip once), lora or all. Default: heads; all for toy." };
        private readonly Option<int> _rank = new("--lora-rank") { Description = "Rank of the adapters.", DefaultValueFactory = _ => StartDefaults.LoraRank };
        private readonly Option<double?> _alpha = new("--lora-alpha") { Description = "Adapters count with alpha / rank. Default: twice the rank." };
        private readonly Option<bool> _recompute = new("--recompute") { Description = "Published backbones that are trained: keep only the inputs of each block and run it again on the way back: less memory, slower, the same adapters to the bit." };
        private readonly Option<string> _pairLoss = new("--pair-loss") { Description = "How comparisons train: btt (with ties), bt, margin, constant-margin, scaled.", DefaultValueFactory = _ => "btt" };
        private readonly Option<double> _tie = new("--tie-parameter") { Description = "k of btt, above 1.", DefaultValueFactory = _ => Defaults.TieParameter };
        private readonly Option<double> _margin = new("--margin") { Description = "Margin of constant-margin.", DefaultValueFactory = _ => Defaults.Margin };
        private readonly Option<string> _mean = new("--loss-mean") { Description = "What masked losses are divided by: valid (entries that count) or all (as VideoAlign published).", DefaultValueFactory = _ => "valid" };
        private readonly Option<double> _videoWeight = new("--video-weight") { Description = "Weight of the video losses.", DefaultValueFactory = _ => Defaults.VideoWeight };
        private readonly Option<double> _patchWeight = new("--patch-weight") { Description = "Weight of the patch loss.", DefaultValueFactory = _ => Defaults.PatchWeight };
        private readonly Option<int> _steps = new("--steps") { Description = "Optimiser steps at most.", DefaultValueFactory = _ => Defaults.Budget.Steps };
        private readonly Option<int> _batch = new("--batch-size") { Description = "Clips in a step.", DefaultValueFactory = _ => Defaults.Budget.BatchSize };
        private readonly Option<double?> _rate = new("--learning-rate") { Description = string.Create(CultureInfo.InvariantCulture, $"Learning rate after the warm-up. Default: {HeadsRate} for heads, {WeightsRate} for lora and all, {ToyRate} for toy.") };
        private readonly Option<int> _every = new("--evaluate-every") { Description = "Steps between measurements of agreement on the validation prompts.", DefaultValueFactory = _ => Defaults.EvaluateEvery };
        private readonly Option<int> _patience = new("--patience") { Description = "Measurements without a better one after which training ends; 0 trains to the end.", DefaultValueFactory = _ => Defaults.Patience };
        private readonly Option<string?> _budgets = new("--label-budgets") { Description = "Numbers of labelled patches to train on too, with commas: the label-efficiency curve." };
        private readonly Option<int> _seeds = new("--seeds") { Description = "Train every arm with so many seeds, from --seed on.", DefaultValueFactory = _ => 1 };
        private readonly Option<double> _validation = new("--validation-share") { Description = "Share of prompts to stop by.", DefaultValueFactory = _ => 0.15 };
        private readonly Option<double> _test = new("--test-share") { Description = "Share of prompts to judge by.", DefaultValueFactory = _ => 0.2 };
        private readonly Option<int> _controls = new("--controls") { Description = "On how many test clips the model is checked: other prompt, shuffled and reversed frames, black video.", DefaultValueFactory = _ => 8 };
        private readonly StrideOption _stride = new();

        public TrainOptions()
        {
            Common.AddTo(Command, Path.Combine("runs", "reward"));
            Command.Arguments.Add(Store);
            foreach (Option option in (Option[])
            [
                Clips, _backbone, _patchDimensions, _videoDimensions, _annotators, _annotatorWeights, _byConfidence, _arms, _train, _rank, _alpha, _recompute, _pairLoss, _tie, _margin, _mean, _videoWeight, _patchWeight, _steps,
                _batch, _rate, _every, _patience, _budgets, _seeds, _validation, _test, _controls, _stride.Option,
            ])
            {
                Command.Options.Add(option);
            }
        }

        public Command Command { get; } = new("train", "Continue a video reward model on the labels of a store, with a patch head on its features (goes on where it stopped).");

        public CommonOptions Common { get; } = new(hasPrecision: true);

        public Argument<string> Store { get; } = new("STORE") { Description = "Label store: grades of patches, ratings and comparisons of clips." };

        public Option<string[]> Clips { get; } = new("--clips") { Description = "Folders (with all below) and files that hold the labelled videos.", Required = true, AllowMultipleArgumentsPerToken = true };

        public RewardTrainingSettings Read(ParseResult parsed)
        {
            (string kind, string folder) = Backbones.Parse(parsed.GetValue(_backbone)!);
            bool isToy = kind == ToyRewardBackbone.Name;
            BackboneTraining training = OneOf(_train, Trainings, parsed.GetValue(_train) ?? (isToy ? "all" : "heads"));
            int rank = parsed.GetValue(_rank);
            long seed = parsed.GetValue(Common.Seed);
            int seeds = parsed.GetValue(_seeds);
            if (seeds < 1)
            {
                throw new InputException($"--seeds {seeds}: expected at least 1.");
            }

            (int frames, int pixels) = _stride.Read(parsed);
            RewardTrainingSettings settings = new()
            {
                Backbone = kind,
                BackboneFolder = Path.GetFullPath(folder),
                Labels = new RewardLabelOptions
                {
                    PatchDimensions = List(parsed.GetValue(_patchDimensions)),
                    VideoDimensions = parsed.GetValue(_videoDimensions) == None ? [] : List(parsed.GetValue(_videoDimensions)),
                    Annotators = List(parsed.GetValue(_annotators)),
                    AnnotatorWeights = Weights(parsed.GetValue(_annotatorWeights)),
                    WeighsByConfidence = parsed.GetValue(_byConfidence),
                },
                Training = new PatchRewardTrainingOptions
                {
                    VideoWeight = parsed.GetValue(_videoWeight),
                    PatchWeight = parsed.GetValue(_patchWeight),
                    PairLoss = OneOf(_pairLoss, PairLosses, parsed.GetValue(_pairLoss)!),
                    TieParameter = parsed.GetValue(_tie),
                    Margin = parsed.GetValue(_margin),
                    Mean = OneOf(_mean, Means, parsed.GetValue(_mean)!),
                    EvaluateEvery = parsed.GetValue(_every),
                    Patience = parsed.GetValue(_patience),
                    Budget = Defaults.Budget with
                    {
                        Steps = parsed.GetValue(_steps),
                        BatchSize = parsed.GetValue(_batch),
                        LearningRate = parsed.GetValue(_rate) ?? (isToy ? ToyRate : training == BackboneTraining.Frozen ? HeadsRate : WeightsRate),
                    },
                },
                Recomputes = parsed.GetValue(_recompute),
                Start = new PatchModelStart(training, LoraRank: rank, LoraAlpha: parsed.GetValue(_alpha) ?? 2 * rank),
                Arms = [.. (List(parsed.GetValue(_arms)) ?? []).Select(arm => OneOf(_arms, Arms, arm))],
                LabelBudgets = [.. (List(parsed.GetValue(_budgets)) ?? []).Select(Number)],
                Seeds = [.. Enumerable.Range(0, seeds).Select(i => seed + i)],
                ValidationShare = parsed.GetValue(_validation),
                TestShare = parsed.GetValue(_test),
                Controls = parsed.GetValue(_controls),
                Patches = new PatchScoring { TemporalStride = frames, SpatialStride = pixels, Backbones = Backbones },
            };
            settings.Validate();
            return settings;
        }

        private static T OneOf<T>(Option option, Dictionary<string, T> values, string text) => values.TryGetValue(text, out T? value)
            ? value
            : throw new InputException($"{option.Name} {text}: expected {string.Join(", ", values.Keys)}.");

        private static string[]? List(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new InputException($"--label-budgets {text}: expected whole numbers with commas.");

        private static Dictionary<string, double> Weights(string? text)
        {
            Dictionary<string, double> weights = new(StringComparer.Ordinal);
            foreach (string entry in List(text) ?? [])
            {
                int equals = entry.LastIndexOf('=');
                double weight = -1;
                bool isWeight = equals > 0 && double.TryParse(entry[(equals + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out weight) && weight >= 0 && double.IsFinite(weight);
                weights[entry[..Math.Max(0, equals)]] = isWeight ? weight : throw new InputException($"--annotator-weights {entry}: expected NAME=WEIGHT with a weight of at least 0.");
            }

            return weights;
        }
    }
}
