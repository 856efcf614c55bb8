using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Generation;
using HaloLab.Rewards;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Trains one reward model on the labels. The arms of claim C2 differ in where they start and in which losses are on.</summary>
internal sealed class RewardStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, RewardArm arm, int labelledPrompts, Stage candidates, Stage labels)
{
    public const string ModelFile = "reward-model.safetensors";
    private const double SecondsPerStep = 0.12;

    private int Steps => Math.Max(1, settings.RewardSteps * labelledPrompts / settings.LabelledPrompts);

    public Stage Stage() => new(
        $"reward-{RewardTraining.Name(arm)}-{labelledPrompts}-s{seed}",
        4,
        new JsonObject
        {
            ["seed"] = seed,
            ["arm"] = RewardTraining.Name(arm),
            ["videoRewardModel"] = ToyRewardTraining.HashOf(generator.Folder),
            ["labelledPrompts"] = labelledPrompts,
            ["options"] = JsonSerializer.SerializeToNode(Options()),
        },
        [candidates, labels],
        Steps * SecondsPerStep,
        Train);

    private void Train(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        CandidateLabels[] rows = JsonFile.Read<CandidateLabels[]>(context.Input(labels.Name, LabelStage.File));
        HashSet<string> labelled = [.. rows.Select(row => row.Prompt).Distinct().Take(labelledPrompts)];
        int[] used = [.. Enumerable.Range(0, rows.Length).Where(i => labelled.Contains(rows[i].Prompt))];
        ToyTokenizer tokenizer = new();
        using RewardTrainingSet data = new(
            [.. used.Select(i => bundle.Clips[i])],
            [.. used.Select(i => tokenizer.Encode(rows[i].Prompt))],
            [.. used.Select(i => rows[i].VideoGrade)],
            [.. used.Select(i => rows[i].Teacher!.Cells.Select(grade => grade ?? double.NaN).ToArray())],
            ToyGenerator.Lattice.Edges(settings.Grid),
            GradeScale.OneToFive);
        using RewardModel continued = RewardModel.Load(Path.Combine(generator.Folder, ToyRewardTraining.VideoRewardFile));
        using RewardModel scratch = RewardModel.Create(continued.Options, seed);
        RewardModel model = arm == RewardArm.Continued ? continued : scratch;
        RewardTrainer.Train(model, data, Options(), seed, context.Folder, done => context.Report(done, Steps), context.Cancellation);
        model.Save(context.PathOf(ModelFile));
    }

    private RewardTrainingOptions Options()
    {
        RewardTrainingOptions losses = arm == RewardArm.PatchOnly ? RewardTrainingOptions.PatchOnly : RewardTrainingOptions.Joint;
        return losses with { Budget = new() { Steps = Steps } };
    }
}
