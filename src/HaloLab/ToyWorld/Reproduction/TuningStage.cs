using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Tunes the generator by one arm on the shared pairs, with the reference energies that all arms share.</summary>
internal sealed class TuningStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, ReproductionArm arm, Stage candidates, Stage pairs)
{
    public const string WeightsFile = "weights.safetensors";
    private const double SecondsPerStep = 1.0;

    public Stage Stage() => new(
        $"tuned-{arm.Name}-s{seed}",
        1,
        new JsonObject { ["seed"] = seed, ["generator"] = generator.Hash, ["options"] = System.Text.Json.JsonSerializer.SerializeToNode(Options()) },
        [candidates, pairs],
        settings.TuningSteps * SecondsPerStep,
        Tune);

    private GranDpoTrainerOptions Options() => new()
    {
        Seed = seed,
        Steps = settings.TuningSteps,
        BatchPairs = settings.BatchPairs,
        LearningRate = arm.Setting.LearningRate,
        Objective = arm.Objective,
        VideoReward = arm.VideoReward,
        Grid = arm.Grid ?? settings.Grid,
        ReferencePartition = settings.Grid,
    };

    private void Tune(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        PairStage.Rewards rewards = JsonFile.Read<PairStage.Rewards>(context.Input(pairs.Name, PairStage.RewardsFile));
        PairStage.Pairs chosen = JsonFile.Read<PairStage.Pairs>(context.Input(pairs.Name, PairStage.File));
        using ToyGenerator model = generator.Load();
        using TrainingPairs data = Data(model, bundle, rewards, chosen);
        using GranDpoTrainer trainer = new(model.Denoiser, model, ToyModels.TrainingTarget, data, Options(), context.Folder);
        trainer.Run(context.Folder, done => context.Report(done, settings.TuningSteps), context.Cancellation);
    }

    private TrainingPairs Data(ToyGenerator model, ClipBundle bundle, PairStage.Rewards rewards, PairStage.Pairs chosen)
    {
        using var scope = NewDisposeScope();
        PreferencePair[] all = [.. chosen.Rows.Select(row => new PreferencePair(
            bundle.Prompts[row.A],
            PairStage.Candidate(bundle, rewards, row.A, settings),
            PairStage.Candidate(bundle, rewards, row.B, settings),
            "toy reward model"))];
        string[] prompts = [.. all.Select(pair => pair.Prompt).Distinct()];
        Tensor Latents(Func<PairStage.Row, int> side) => bundle.Latents_NCTHW.index_select(0, tensor(chosen.Rows.Select(row => (long)side(row)).ToArray()));
        return new TrainingPairs(
            all, Latents(row => row.A), Latents(row => row.B), model.Encode(prompts), [.. all.Select(pair => Array.IndexOf(prompts, pair.Prompt))], ToyGenerator.Lattice);
    }
}
