using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Rewards;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Lets simulated annotators and every reward model grade the patches of fresh samples of the untuned generator (claims C1 and C2).</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="generator">The toy checkpoints.</param>
/// <param name="samples">Samples of the untuned generator on judged prompts: no reward model has seen them.</param>
/// <param name="models">Stages of reward models by a name for each.</param>
internal sealed class AgreementStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, Stage samples, IReadOnlyDictionary<string, Stage> models)
{
    public const string File = "agreement.json";
    private const double Seconds = 15;

    public Stage Stage() => new(
        $"agreement-s{seed}",
        1,
        new JsonObject { ["seed"] = seed, ["grid"] = settings.Grid.ToString(), ["videoRewardModel"] = ToyRewardTraining.HashOf(generator.Folder) },
        [samples, .. models.Values],
        Seconds,
        Grade);

    private void Grade(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(samples.Name, ""));
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(seed);
        double[][][] grades = [.. annotators.Select(_ => new double[bundle.Clips.Count][])];
        for (int i = 0; i < bundle.Clips.Count; i++)
        {
            context.Report(i, 2 * bundle.Clips.Count);
            ToyCaption caption = ToyCaption.Parse(bundle.Prompts[i]);
            OracleVerdict verdict = OracleVerdict.Of(bundle.Clips[i], caption, settings.Grid);
            for (int a = 0; a < annotators.Count; a++)
            {
                grades[a][i] = [.. annotators[a].Grade(verdict).Cells.Select(grade => grade ?? double.NaN)];
            }
        }

        SortedDictionary<string, double[][]> rewards = new(StringComparer.Ordinal);
        foreach ((string name, Stage model) in models)
        {
            context.Report(bundle.Clips.Count + rewards.Count, bundle.Clips.Count + models.Count);
            rewards.Add(name, Score(bundle, context.Input(model.Name, RewardStage.ModelFile)).Patches);
        }

        double[] video = Score(bundle, Path.Combine(generator.Folder, ToyRewardTraining.VideoRewardFile)).Video;
        JsonFile.Write(context.PathOf(File), new PatchAgreement(bundle.Prompts, grades, rewards, video));
    }

    private (double[] Video, double[][] Patches) Score(ClipBundle bundle, string path)
    {
        using RewardModel model = RewardModel.Load(path);
        ToyTokenizer tokenizer = new();
        using ClipRewards scores = model.Score(bundle.Clips, [.. bundle.Prompts.Select(tokenizer.Encode)], ToyGenerator.Lattice.Edges(settings.Grid));
        return (scores.VideoRewards(), scores.PatchRewards());
    }
}
