using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>The second evaluation method: a scorer of another architecture, trained on the grades of a population of its own.</summary>
internal sealed class ToyScorerTraining(long seed, int steps, ToyLabelledClips clips)
{
    public const string ScorerFile = "scorer.safetensors";

    public Stage Stage() => clips.Training("toy-scorer", version: 5, steps, [], Train);

    /// <summary>SHA-256 of the shipped file.</summary>
    public static string HashOf(string folder) => FileHash.Of(Path.Combine(folder, ScorerFile), "the toy scorer that `halolab toy pretrain` makes");

    private void Train(StageContext context)
    {
        IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> set = clips.Load(context);
        IReadOnlyList<SimulatedClipAnnotator> annotators = SimulatedClipAnnotator.Population(seed);
        ToyTokenizer tokenizer = new();
        using LearnedScorer scorer = LearnedScorer.Create(new LearnedScorerOptions(tokenizer.VocabularySize, tokenizer.ContextLength), seed);
        LearnedScorerTrainer.Train(
            scorer,
            [.. set.Select(item => item.Clip)],
            [.. set.Select(item => tokenizer.Encode(item.Caption.ToString()))],
            [.. set.AsParallel().AsOrdered().Select(item => Grades(annotators, item.Caption, item.Clip))],
            LearnedScorerTrainer.DefaultBudget with { Steps = steps },
            seed,
            context.Folder,
            done => context.Report(done, steps),
            context.Cancellation);
        scorer.Save(context.PathOf(ScorerFile));
    }

    /// <summary>Mean over the annotators of each dimension, NaN where none gave a grade.</summary>
    private static double[] Grades(IReadOnlyList<SimulatedClipAnnotator> annotators, ToyCaption caption, VideoClip clip)
    {
        OracleVerdict verdict = OracleVerdict.Of(clip, caption, DamageProcess.Grid);
        int?[][] grades =
        [
            .. annotators.Select(annotator => annotator.Grade(verdict))
                .Select(grade => new[] { grade.VisualQuality, grade.TemporalConsistency, grade.DynamicDegree, grade.TextAlignment, grade.FactualConsistency }),
        ];
        return [.. Enumerable.Range(0, grades[0].Length).Select(dimension => grades.Select(row => (double?)row[dimension]).Average() ?? double.NaN)];
    }
}
