using HaloLab.Evaluation;
using HaloLab.Rewards;
using HaloLab.Tests.Rewards;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation;

public class LearnedScorerTests
{
    private static readonly LearnedScorerOptions Options = new(5, 3) { Frames = 4, Size = 16, FrameChannels = 16, Channels = 32, Layers = 1 };

    private static readonly VideoClip[] Clips = [.. Enumerable.Range(0, 36).Select(i => SmallClips.Clip(i, i % 9))];

    private static readonly long[][] Prompts = [.. Enumerable.Range(0, 36).Select(SmallClips.Prompt)];

    // Quality: is it clean; consistency: does it change half-way; dynamics: missing half of the time; text: read from the prompt; factual: constant.
    private static readonly double[][] Labels =
    [
        .. Enumerable.Range(0, 36).Select(i => (double[])
            [i % 9 == 8 ? 4 : 1, i % 9 == 8 ? 3 : 2, i % 2 == 0 ? double.NaN : i % 9 < 4 ? 1 : 4, 1 + (i % 3), 2]),
    ];

    [Fact]
    public void ComputesTheSameAfterItsParametersWereReplaced()
    {
        using var scope = NewDisposeScope();
        using LearnedScorer scorer = LearnedScorer.Create(Options, 1);
        Tensor frames_BCTHW = Clips[0].ToTensor().unsqueeze(0);
        Tensor tokens_BL = ClipSet.TokensOf([Prompts[0]]);
        Tensor scores_BD = scorer.call(frames_BCTHW, tokens_BL);

        // As a move to another device does.
        scorer.to(ScalarType.Float64);
        Assert.True(scorer.call(frames_BCTHW.to(ScalarType.Float64), tokens_BL).to(ScalarType.Float32).allclose(scores_BD, 1e-5, 1e-5));
    }

    [Fact]
    public void LearnsWhatClipAndPromptSayAndGoesOnAfterAnInterruption()
    {
        TrainingBudget budget = new() { Steps = 60, BatchSize = 12, LearningRate = 3e-3, WarmUpSteps = 5 };
        using LearnedScorer whole = LearnedScorer.Create(Options, 1);
        Train(whole, budget, Directory.CreateTempSubdirectory().FullName);
        double[][] scores = whole.Score(Clips, Prompts);
        Assert.True(Correlation(scores, 0) > 0.8, $"visual quality {Correlation(scores, 0)}");
        Assert.True(Correlation(scores, 3) > 0.8, $"text alignment {Correlation(scores, 3)}");
        Assert.All(scores, row => Assert.InRange(row[4], 1.5, 2.5));

        string folder = Directory.CreateTempSubdirectory().FullName;
        using (LearnedScorer first = LearnedScorer.Create(Options, 1))
        {
            Assert.Throws<OperationCanceledException>(() => Train(first, budget, folder, done => _ = done < 31 ? 0 : throw new OperationCanceledException()));
        }

        using LearnedScorer resumed = LearnedScorer.Create(Options, 1);
        Train(resumed, budget, folder);
        Assert.Equal(scores, resumed.Score(Clips, Prompts));
    }

    [Fact]
    public void SavedScorerLoadsToTheSameScores()
    {
        using var scope = NewDisposeScope();
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "scorer.safetensors");
        using LearnedScorer scorer = LearnedScorer.Create(Options, 1);
        scorer.Scales = [.. Enumerable.Range(1, 5).Select(i => new LabelScale(i, 0.5 * i))];
        scorer.Save(path);
        using LearnedScorer loaded = LearnedScorer.Load(path);
        Assert.Equal(scorer.Score(Clips[..3], Prompts[..3]), loaded.Score(Clips[..3], Prompts[..3]));
        Assert.Equal(scorer.Scales, loaded.Scales);
        Assert.Throws<InputException>(() => RewardModel.Load(path));
        Assert.Throws<InputException>(() => loaded.Score(zeros([1, 3, 8, 16, 16]), zeros([1, 3], dtype: int64)));
    }

    private static void Train(LearnedScorer scorer, TrainingBudget budget, string folder, Action<long>? advanced = null) =>
        LearnedScorerTrainer.Train(scorer, Clips, Prompts, Labels, budget, 7, folder, advanced, TestContext.Current.CancellationToken);

    private static double Correlation(double[][] scores, int dimension) =>
        HaloLab.Statistics.Correlation.Pearson([.. scores.Select(row => row[dimension])], [.. Labels.Select(row => row[dimension])]).Estimate;
}
