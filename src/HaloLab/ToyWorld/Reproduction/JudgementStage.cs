using System.Text.Json.Nodes;
using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Judges the samples of one arm by both evaluation methods: the oracle's measures, and the held-out learned scorer.</summary>
internal sealed class JudgementStage(ReproductionSettings settings, ToyGeneratorFiles generator, Stage samples)
{
    public const string File = "judgements.json";
    private const double SecondsPerClip = 0.04;

    public Stage Stage() => new(
        samples.Name.Replace("samples", "judgements", StringComparison.Ordinal),
        1,
        new JsonObject { ["grid"] = settings.Grid.ToString(), ["scorer"] = ToyScorerTraining.HashOf(generator.Folder) },
        [samples],
        settings.ReportingPrompts * settings.SamplesPerPrompt * SecondsPerClip,
        Judge);

    private void Judge(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(samples.Name, ""));
        using LearnedScorer scorer = LearnedScorer.Load(Path.Combine(generator.Folder, ToyScorerTraining.ScorerFile));
        ToyTokenizer tokenizer = new();
        double[][] scores = scorer.Score(bundle.Clips, [.. bundle.Prompts.Select(tokenizer.Encode)]);
        List<SampleJudgement> rows = [];
        for (int i = 0; i < bundle.Clips.Count; i++)
        {
            context.Report(i, bundle.Clips.Count);
            ToyCaption caption = ToyCaption.Parse(bundle.Prompts[i]);
            rows.Add(new SampleJudgement(
                bundle.Clips[i].ContentHash,
                bundle.Prompts[i],
                ToyOracle.Assess(bundle.Clips[i], caption, settings.Grid).Severities,
                ToyOracle.Measure(bundle.Clips[i], caption),
                scores[i]));
        }

        double[] diversity = [.. bundle.Prompts.Distinct().Select(prompt => ToyOracle.Diversity([.. bundle.Clips.Where((_, i) => bundle.Prompts[i] == prompt)]))];
        JsonFile.Write(context.PathOf(File), new ArmJudgement(rows, diversity));
    }
}
