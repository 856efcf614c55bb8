using System.Globalization;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// A stretch of a tuning that trains on pairs of its own: candidates of the same prompts, drawn from the generator as the rounds before left it, with new noise. The reference is that generator, too, as in
/// iterative DPO (Pang et al. 2024, arXiv 2404.19733), where online DPO keeps the untuned one (Guo et al. 2024, arXiv 2402.04792): a trainer's model holds the reference's weights when it is given, and so the
/// pairs come from the very model that their energies are measured against. The preference terms of each round thus begin at log 2, with a new optimiser and its warm-up, and nothing ties all of them together to the untuned generator.
/// </summary>
/// <param name="Number">From 1.</param>
/// <param name="Steps">Its optimiser steps.</param>
/// <param name="Arm">The arm that was tuned so far; null in the first round, whose candidates, pairs and reference are all arms'.</param>
/// <param name="Before">The tuning of the round before; null in the first.</param>
internal sealed record TuningRound(int Number, int Steps, ReproductionArm? Arm = null, Stage? Before = null)
{
    /// <summary>Stages that all of the round's read, beside what they read in the first one.</summary>
    public IReadOnlyList<Stage> Inputs => Before is null ? [] : [Before];

    /// <summary>Name of one of the round's stages; in the first round what it was before there were others, so that folders keep theirs.</summary>
    /// <param name="stage">What the stage does.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="arm">Whose it is, if it is not all arms' in the first round.</param>
    public string NameOf(string stage, long seed, ReproductionArm? arm = null) =>
        string.Join('-', new[] { stage, (arm ?? Arm)?.Name, Number == 1 ? null : Number.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"s{seed}") }.OfType<string>());
}
