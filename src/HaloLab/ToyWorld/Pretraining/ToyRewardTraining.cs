using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Stage 1 of DESIGN D4: the video reward model, trained on simulated annotators' grades of whole clips and on nothing else.</summary>
internal sealed class ToyRewardTraining(long seed, int clips, int steps, Stage autoencoder, Stage generator)
{
    public const string VideoRewardFile = "video-reward.safetensors";
    private const double SecondsPerStep = 0.3;
    private const double SecondsPerClip = 0.3;

    public static RewardModelOptions Options { get; } = new(new ToyTokenizer().VocabularySize, new ToyTokenizer().ContextLength);

    public Stage Stage() => new(
        "toy-video-reward",
        1,
        new JsonObject { ["seed"] = seed, ["clips"] = clips, ["steps"] = steps },
        [autoencoder, generator],
        (clips * SecondsPerClip) + (steps * SecondsPerStep),
        Train);

    /// <summary>SHA-256 of the shipped file.</summary>
    public static string HashOf(string folder) => FileHash.Of(Path.Combine(folder, VideoRewardFile), "the toy video reward model that `halolab toy pretrain` makes");

    private void Train(StageContext context)
    {
        using ToyGenerator toy = ToyPretraining.Load(context, autoencoder, generator);
        IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> set = ToyLabelledClips.Make(toy, "video reward", clips, seed, done => context.Report(done * 0.4, clips));
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(seed);
        ToyTokenizer tokenizer = new();
        double[] grades = [.. set.Select(item => Grade(annotators, item.Caption, item.Clip))];
        using RewardTrainingSet data = new(
            [.. set.Select(item => item.Clip)],
            [.. set.Select(item => tokenizer.Encode(item.Caption.ToString()))],
            grades,
            [.. set.Select(_ => Array.Empty<double>())],
            ToyGenerator.Lattice.Edges(DamageProcess.Grid));
        using RewardModel model = RewardModel.Create(Options, seed);
        RewardTrainingOptions options = RewardTrainingOptions.VideoOnly with { Budget = RewardTrainingOptions.DefaultBudget with { Steps = steps } };
        RewardTrainer.Train(model, data, options, seed, context.Folder, done => context.Report((0.4 * steps) + (0.6 * done), steps), context.Cancellation);
        model.Save(context.PathOf(VideoRewardFile));
    }

    private static double Grade(IReadOnlyList<SimulatedAnnotator> annotators, ToyCaption caption, VideoClip clip)
    {
        OracleVerdict verdict = OracleVerdict.Of(clip, caption, DamageProcess.Grid);
        int[] grades = [.. annotators.Select(annotator => annotator.Grade(verdict).Clip).OfType<int>()];
        return grades.Length > 0 ? grades.Average() : double.NaN;
    }
}
