using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Stage 1 of DESIGN D4: the video reward model, trained on simulated annotators' grades of whole clips and on nothing else.</summary>
internal sealed class ToyRewardTraining(long seed, int steps, ToyLabelledClips clips)
{
    public const string VideoRewardFile = "video-reward.safetensors";

    public static RewardModelOptions Options { get; } = new(new ToyTokenizer().VocabularySize, new ToyTokenizer().ContextLength);

    public Stage Stage() => clips.Training("toy-video-reward", version: 6, steps, [], Train);

    /// <summary>Large batches, which the many clips allow.</summary>
    public static TrainingBudget Budget(int steps) => new() { Steps = steps, BatchSize = 64 };

    /// <summary>SHA-256 of the shipped file.</summary>
    public static string HashOf(string folder) => FileHash.Of(Path.Combine(folder, VideoRewardFile), "the toy video reward model that `halolab toy pretrain` makes");

    /// <summary>The clips with their grades: of the whole by the annotators' mean, of the patches by the teacher where one is given.</summary>
    public static RewardTrainingSet Grade(IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> set, long seed, SimulatedTeacher? teacher)
    {
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(seed);
        OracleVerdict[] verdicts = [.. set.AsParallel().AsOrdered().Select(item => OracleVerdict.Of(item.Clip, item.Caption, DamageProcess.Grid))];
        ToyTokenizer tokenizer = new();
        return new RewardTrainingSet(
            [.. set.Select(item => item.Clip)],
            [.. set.Select(item => tokenizer.Encode(item.Caption.ToString()))],
            [.. verdicts.Select(verdict => SimulatedAnnotator.MeanClipGrade(annotators, verdict))],
            [.. verdicts.Select(verdict => teacher?.Grade(verdict).Cells.Select(grade => grade ?? double.NaN).ToArray() ?? [])],
            ToyGenerator.Lattice.Edges(DamageProcess.Grid),
            GradeScale.OneToFive);
    }

    private void Train(StageContext context)
    {
        using RewardTrainingSet data = Grade(clips.Load(context), seed, teacher: null);
        using RewardModel model = RewardModel.Create(Options, seed);
        RewardTrainingOptions options = RewardTrainingOptions.VideoOnly with { Budget = Budget(steps) };
        RewardTrainer.Train(model, data, options, seed, context.Folder, done => context.Report(done, steps), context.Cancellation);
        model.Save(context.PathOf(VideoRewardFile));
    }
}
