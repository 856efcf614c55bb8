namespace HaloLab.Rewards;

/// <summary>How long and how hard a model is trained by AdamW: linear warm-up, then down to 0 along half a cosine.</summary>
public sealed record TrainingBudget
{
    /// <summary>Optimiser steps, at least 1.</summary>
    public int Steps { get; init; } = 600;

    /// <summary>Clips per step, at least 2.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Learning rate after the warm-up.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Steps of the warm-up.</summary>
    public int WarmUpSteps { get; init; } = 20;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Global L2 norm that gradients are scaled down to.</summary>
    public double MaximumGradientNorm { get; init; } = 1;
}
