using System.Text.Json.Serialization;
using HaloLab.Experiments.Rewards;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>How much of everything a reproduction does. Settings of the arms were chosen on development prompts (docs/tuning.md).</summary>
public sealed record ReproductionSettings
{
    /// <summary>Ends within ten minutes on two cores; one seed, so its claims hold "given these trained models".</summary>
    public static ReproductionSettings Quick { get; } = new()
    {
        Preset = "quick",
        Description = "ten minutes, one seed",
        TrainingPrompts = 48,
        LabelledPrompts = 48,
        RewardSteps = 200,
        LabelBudgets = [12, 48],
        TuningSteps = 50,
        ReportingPrompts = 48,
        Arms = [ReproductionArm.DiffusionDpo, ReproductionArm.PatchMeanDpo, ReproductionArm.Halo],
    };

    /// <summary>All arms, five seeds.</summary>
    public static ReproductionSettings Full { get; } = new()
    {
        Preset = "full",
        Description = "all arms, five seeds, hours",
        Seeds = 5,
        TrainingPrompts = 192,
        LabelledPrompts = 192,
        RewardSteps = 600,
        LabelBudgets = [12, 48, 192],
        TuningSteps = 120,
        ReportingPrompts = 192,
        Arms = ReproductionArm.All,
    };

    /// <summary>Everything at its smallest, to see that a machine runs it and that killing it does no harm. Its claims mean nothing.</summary>
    public static ReproductionSettings Smoke { get; } = Quick with
    {
        Preset = "smoke",
        Description = "a minute, everything at its smallest, means nothing",
        TrainingPrompts = 4,
        LabelledPrompts = 4,
        RewardSteps = 3,
        LabelBudgets = [2, 4],
        TuningSteps = 3,
        BatchPairs = 2,
        ReportingPrompts = 4,
        CleanClips = 8,
    };

    /// <summary>Quick, full and smoke, by their names.</summary>
    public static IReadOnlyDictionary<string, ReproductionSettings> Presets { get; } = new[] { Quick, Full, Smoke }.ToDictionary(settings => settings.Preset);

    /// <summary>Name of the preset.</summary>
    public required string Preset { get; init; }

    /// <summary>What it is for, in a few words; no setting.</summary>
    [JsonIgnore]
    public string Description { get; init; } = "";

    /// <summary>Number of runs.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Prompts of the training split for which candidates are generated.</summary>
    public required int TrainingPrompts { get; init; }

    /// <summary>Of these, prompts whose candidates the teacher grades.</summary>
    public required int LabelledPrompts { get; init; }

    /// <summary>Independent layouts per prompt.</summary>
    public int LayoutsPerPrompt { get; init; } = 2;

    /// <summary>Clips per layout: the sample itself and re-noised versions of it.</summary>
    public int ClipsPerLayout { get; init; } = 2;

    /// <summary>How far a sample is re-noised, as a share of the sampling steps.</summary>
    public double ResampleShare { get; init; } = 0.75;

    /// <summary>Optimiser steps of a reward model that has all labels; with fewer it takes proportionally fewer, so that each sees its labels equally often.</summary>
    public required int RewardSteps { get; init; }

    /// <summary>Numbers of labelled prompts at which claim C2 is measured, rising; the last is all of them.</summary>
    public required IReadOnlyList<int> LabelBudgets { get; init; }

    /// <summary>Pairs in a tuning step.</summary>
    public int BatchPairs { get; init; } = 8;

    /// <summary>Optimiser steps of every arm.</summary>
    public required int TuningSteps { get; init; }

    /// <summary>How often new pairs are drawn from the generator as tuned so far: the steps are divided among one more rounds than that (<see cref="StepsOfRounds"/>). Default 0.</summary>
    public int Refreshes { get; init; }

    /// <summary>Prompts of the reporting split on which the arms are compared.</summary>
    public required int ReportingPrompts { get; init; }

    /// <summary>Samples per reporting prompt; the same noise for every arm.</summary>
    public int SamplesPerPrompt { get; init; } = 2;

    /// <summary>Flawless renders from which the rate of falsely defective clips is measured (claim C4).</summary>
    public int CleanClips { get; init; } = 400;

    /// <summary>What is compared with the untuned generator.</summary>
    public required IReadOnlyList<ReproductionArm> Arms { get; init; }

    /// <summary>Which prompts everything is judged on: reporting, or development when settings are chosen.</summary>
    public ToySplit JudgedSplit { get; init; } = ToySplit.Reporting;

    /// <summary>Standard deviation of the simulated teacher's grades, at least 0.</summary>
    public double TeacherNoise { get; init; } = SimulatedTeacher.DefaultNoise;

    /// <summary>How the reward model that makes the pairs was trained, on the largest number of labels; null: the video reward model of stage 1 as it is, without distillation.</summary>
    public RewardArm? PairReward { get; init; } = RewardArm.Continued;

    /// <summary>Which clips of a prompt may form a pair.</summary>
    public PairLayout PairLayout { get; init; } = PairLayout.Shared;

    /// <summary>At most so many pairs of a prompt, those with the largest difference of video rewards first; at least 1.</summary>
    public int PairsPerPrompt { get; init; } = int.MaxValue;

    /// <summary>Patches of labels, rewards and objective.</summary>
    public PatchGrid Grid { get; init; } = new(4, 4, 4);

    /// <summary>Optimiser steps of each round of tuning, as even as whole numbers allow, the longer ones last.</summary>
    /// <exception cref="InputException">There are more rounds than steps.</exception>
    public IReadOnlyList<int> StepsOfRounds()
    {
        int rounds = Refreshes + 1;
        return rounds >= 1 && rounds <= TuningSteps
            ? [.. Enumerable.Range(0, rounds).Select(round => (int)(((round + 1L) * TuningSteps / rounds) - ((long)round * TuningSteps / rounds)))]
            : throw new InputException(FormattableString.Invariant($"Reproduction setting {nameof(Refreshes)} is {Refreshes}: expected at least 0 and fewer than the {TuningSteps} steps of tuning, so that every round has one."));
    }

    /// <summary>How an arm is tuned, in all rounds together.</summary>
    /// <param name="arm">The arm.</param>
    /// <param name="seed">Seed of the run.</param>
    public GranDpoTrainerOptions Tuning(ReproductionArm arm, long seed)
    {
        ArgumentNullException.ThrowIfNull(arm);
        return new()
        {
            Seed = seed,
            Steps = TuningSteps,
            BatchPairs = BatchPairs,
            LearningRate = arm.Setting.LearningRate,
            Objective = arm.Objective(Grid),
            VideoReward = arm.VideoReward,
            Grid = arm.Grid ?? Grid,
            ReferencePartition = Grid,
        };
    }
}
