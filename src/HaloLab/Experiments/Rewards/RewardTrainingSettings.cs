using HaloLab.Rewards.Patches;

namespace HaloLab.Experiments.Rewards;

/// <summary>What <c>halolab reward train</c> was asked for.</summary>
public sealed record RewardTrainingSettings
{
    /// <summary>Kind of the backbone.</summary>
    public required string Backbone { get; init; }

    /// <summary>Its folder.</summary>
    public required string BackboneFolder { get; init; }

    /// <summary>Which labels.</summary>
    public RewardLabelOptions Labels { get; init; } = new();

    /// <summary>Losses and budget.</summary>
    public PatchRewardTrainingOptions Training { get; init; } = new();

    /// <summary>Whether the backbone's blocks keep their inputs only while it is trained: slower, less memory, the same adapters to the bit. Default no.</summary>
    public bool Recomputes { get; init; }

    /// <summary>What the continued arm trains.</summary>
    public PatchModelStart Start { get; init; } = new(BackboneTraining.Frozen);

    /// <summary>Arms; the first is the one whose model is written out and looked at more closely.</summary>
    public IReadOnlyList<RewardArm> Arms { get; init; } = [RewardArm.Continued];

    /// <summary>Numbers of labelled patches to train on beside all of them.</summary>
    public IReadOnlyList<int> LabelBudgets { get; init; } = [];

    /// <summary>Seeds of weights, orders and which labels a budget keeps; the first is the seed of the split, which all share.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1];

    /// <summary>Share of prompts whose agreement ends the training.</summary>
    public double ValidationShare { get; init; } = 0.15;

    /// <summary>Share of prompts that the result is measured on.</summary>
    public double TestShare { get; init; } = 0.2;

    /// <summary>Where cells lie, and what models may stand on.</summary>
    public PatchScoring Patches { get; init; } = new();

    /// <summary>Test clips on which the controls are asked.</summary>
    public int Controls { get; init; } = 8;

    /// <summary>Refuses what cannot be run.</summary>
    /// <exception cref="InputException">A number is out of range.</exception>
    public void Validate()
    {
        Training.Validate();
        Start.Validate();
        if (Arms.Count == 0 || Arms.Distinct().Count() < Arms.Count || Seeds.Count == 0)
        {
            throw new InputException("Expected at least one arm, each once, and at least one seed.");
        }

        if (LabelBudgets.Any(budget => budget < 1) || LabelBudgets.Distinct().Count() < LabelBudgets.Count)
        {
            throw new InputException($"Label budgets {string.Join(", ", LabelBudgets)}: expected different numbers of labelled patches, each at least 1.");
        }

        if (Controls < 0)
        {
            throw new InputException($"Controls on {Controls} clips: expected 0 or more.");
        }
    }
}
