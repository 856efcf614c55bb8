using System.Text.Json.Serialization;
using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Videos;

namespace HaloLab.GranDpo;

/// <summary>
/// Settings of <see cref="GranDpoTrainer"/>. The baselines are settings too, so that all arms share pairs, noise, steps and trained
/// parameters: Diffusion-DPO is <see cref="PreferenceTerms.VideoOnly"/>, patch-mean DPO is that with <see cref="VideoRewardSource.PatchMean"/>,
/// SFT is <see cref="PreferenceTerms.None"/> with η = 1, temporal segments are a grid of T×1×1, region-masked DPO is <see cref="PreferenceTerms.RegionOnly"/>.
/// </summary>
public sealed record GranDpoTrainerOptions
{
    /// <summary>Seed of the run: order of the pairs, noise, levels, first values of adapters.</summary>
    public required long Seed { get; init; }

    /// <summary>Optimiser steps, at least 1.</summary>
    public required int Steps { get; init; }

    /// <summary>Pairs in a step, at least 1; both clips of all of them go through the denoiser at once, or one by one (<see cref="TwoPass"/>).</summary>
    public int BatchPairs { get; init; } = 16;

    /// <summary>
    /// Whether a step holds the activations of one clip at a time (<see cref="ClipByClip"/>): the same energies and gradients to rounding, in memory that does not grow with
    /// <see cref="BatchPairs"/>, for one pass without gradients more. The denoiser must say the same both times: no dropout. Default no.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // Folders from before it was there keep their names.
    public bool TwoPass { get; init; }

    /// <summary>Learning rate after the warm-up, above 0.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Steps over which the learning rate rises from 0, at least 0; then it stays.</summary>
    public int WarmUpSteps { get; init; } = 10;

    /// <summary>The optimiser's, clipping norm included. Default: no weight decay, norm 1.</summary>
    public AdamWOptions Optimiser { get; init; } = new(WeightDecay: 0, MaximumGradientNorm: 1);

    /// <summary>
    /// Whether each of several ranks keeps the optimiser's state for its part of the trained values alone (<see cref="AdamW"/>): the same bits, less memory, more to send. Of one process it is the whole state. Default no.
    /// </summary>
    [JsonIgnore] // No part of a training's name: it may go on with it or without.
    public bool ShardsOptimiser { get; init; }

    /// <summary>The objective.</summary>
    public GranDpoOptions Objective { get; init; } = new();

    /// <summary>The patches. Patch rewards on another grid are pooled onto it (DESIGN D1). Default 4×4×4.</summary>
    public PatchGrid Grid { get; init; } = new(4, 4, 4);

    /// <summary>What the video term compares.</summary>
    public VideoRewardSource VideoReward { get; init; }

    /// <summary>Different draws of noise and level per pair, at least 1; visit v of a pair takes draw v modulo this. Default 8.</summary>
    public int DrawsPerPair { get; init; } = 8;

    /// <summary>Where the reference's energies come from.</summary>
    public ReferenceMode Reference { get; init; }

    /// <summary>
    /// The cells for which reference energies are kept. Arms with different grids share a cache if it is the same for all of them and every
    /// grid nests in it. Default: <see cref="Grid"/>.
    /// </summary>
    public PatchGrid? ReferencePartition { get; init; }

    /// <summary>Rank of the adapters, at least 1; null trains all parameters.</summary>
    public int? LoraRank { get; init; }

    /// <summary>α of the adapters: their scale is α / rank. Default: the rank, that is scale 1.</summary>
    public double? LoraAlpha { get; init; }

    /// <summary>Layers whose names contain one of these get an adapter. Default: the layers of attention.</summary>
    public IReadOnlyList<string> LoraLayers { get; init; } = ["attn"];

    /// <summary>Decay of a moving average of the trained weights, which the model then ends with; null for none.</summary>
    public double? AverageDecay { get; init; }

    /// <summary>Gives a denoiser its adapters; null where all parameters are trained.</summary>
    /// <exception cref="InputException">No layer is chosen.</exception>
    internal LoraAdapters? AttachTo(TorchSharp.torch.nn.Module denoiser) => LoraRank is int rank
        ? LoraAdapters.Attach(denoiser, name => LoraLayers.Any(part => name.Contains(part, StringComparison.Ordinal)), rank, LoraAlpha ?? rank, Seed)
        : null;

    /// <exception cref="InputException">A value is out of its range.</exception>
    public void Validate()
    {
        Objective.Validate();
        Require(Steps >= 1, nameof(Steps), Steps, "at least 1");
        Require(BatchPairs >= 1, nameof(BatchPairs), BatchPairs, "at least 1");
        Require(LearningRate is > 0 and < double.PositiveInfinity, nameof(LearningRate), LearningRate, "above 0");
        Require(WarmUpSteps >= 0, nameof(WarmUpSteps), WarmUpSteps, "at least 0");
        Require(DrawsPerPair >= 1, nameof(DrawsPerPair), DrawsPerPair, "at least 1");
        Require(LoraRank is null or >= 1, nameof(LoraRank), LoraRank ?? 0, "at least 1, or nothing to train all parameters");
        Require(LoraAlpha is null or (> 0 and < double.PositiveInfinity), nameof(LoraAlpha), LoraAlpha ?? 0, "above 0");
        Require(AverageDecay is null or (>= 0 and < 1), nameof(AverageDecay), AverageDecay ?? 0, "0 to below 1");
        Require(Reference == ReferenceMode.Cached || LoraRank is not null, nameof(LoraRank), 0, "given when the reference is computed in every step");
    }

    private static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new InputException(FormattableString.Invariant($"Training setting {name} is {value}: expected {expected}."));
        }
    }
}
