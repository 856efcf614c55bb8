using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What all arms of a seed share in a round: generator, pairs, noise, steps and batches.</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="generator">The toy checkpoints.</param>
/// <param name="round">The round.</param>
/// <param name="candidates">Makes the clips.</param>
/// <param name="pairs">Makes the pairs.</param>
internal sealed class TuningSetup(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, TuningRound round, Stage candidates, Stage pairs)
{
    public ReproductionSettings Settings => settings;

    public long Seed => seed;

    public TuningRound Round => round;

    public string GeneratorHash => generator.Hash;

    public IReadOnlyList<Stage> Inputs => [candidates, pairs, .. round.Inputs];

    /// <summary>How an arm is tuned in the round.</summary>
    public GranDpoTrainerOptions Options(ReproductionArm arm) => settings.Tuning(arm, seed) with { Steps = round.Steps };

    /// <summary>Lets a trainer work on the generator that the round begins with.</summary>
    /// <param name="context">The stage.</param>
    /// <param name="arm">The arm.</param>
    /// <param name="referenceFolder">Where the reference energies are, or go.</param>
    /// <param name="work">What the trainer does.</param>
    public void Train(StageContext context, ReproductionArm arm, string referenceFolder, Action<GranDpoTrainer> work)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        CandidateRewards rewards = JsonFile.Read<CandidateRewards>(context.Input(pairs.Name, PairStage.RewardsFile));
        CandidatePairs chosen = JsonFile.Read<CandidatePairs>(context.Input(pairs.Name, PairStage.File));
        using ToyGenerator model = generator.Load(context, round.Before);
        using TrainingPairs data = Data(model, bundle, rewards, chosen);
        using GranDpoTrainer trainer = new(model.Denoiser, model, ToyModels.TrainingTarget, data, Options(arm), referenceFolder);
        work(trainer);
    }

    private TrainingPairs Data(ToyGenerator model, ClipBundle bundle, CandidateRewards rewards, CandidatePairs chosen)
    {
        using var scope = NewDisposeScope();
        PreferencePair[] all = PairStage.Preferences(bundle, rewards, chosen, settings.Grid);
        string[] prompts = [.. all.Select(pair => pair.Prompt).Distinct()];
        Tensor Latents(Func<CandidatePair, int> side) => bundle.Latents_NCTHW.index_select(0, tensor(chosen.Rows.Select(row => (long)side(row)).ToArray())).to(Compute.Device);
        return new TrainingPairs(
            all, Latents(row => row.A), Latents(row => row.B), model.Encode(prompts), [.. all.Select(pair => Array.IndexOf(prompts, pair.Prompt))], ToyGenerator.Lattice);
    }
}
