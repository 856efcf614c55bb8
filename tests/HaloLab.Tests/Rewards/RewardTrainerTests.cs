using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Rewards;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

public class RewardTrainerTests
{
    private static RewardTrainingOptions Quick(RewardTrainingOptions options, int steps) =>
        options with { Budget = new TrainingBudget { Steps = steps, BatchSize = 8, LearningRate = 5e-3, WarmUpSteps = 2 } };

    [Fact]
    public void InterruptedTrainingGoesOnToTheSameBits()
    {
        using RewardTrainingSet data = SmallClips.TrainingSet(24);
        RewardTrainingOptions options = Quick(RewardTrainingOptions.Joint, 9);
        using RewardModel whole = RewardModel.Create(SmallClips.Options, 1);
        string wholeFolder = Directory.CreateTempSubdirectory().FullName;
        Train(whole, data, options, 7, wholeFolder);

        string folder = Directory.CreateTempSubdirectory().FullName;
        using CancellationTokenSource stop = new();
        using (RewardModel first = RewardModel.Create(SmallClips.Options, 1))
        {
            Assert.Throws<OperationCanceledException>(() => Train(first, data, options, 7, folder, done => CancelAfter(stop, done, 4), stop.Token));
        }

        using RewardModel resumed = RewardModel.Create(SmallClips.Options, 1);
        List<long> steps = [];
        Train(resumed, data, options, 7, folder, steps.Add);
        Assert.Equal([5, 6, 7, 8, 9], steps);
        AssertSameWeights(whole, resumed);
        Assert.Equal(File.ReadAllText(Path.Combine(wholeFolder, "metrics.jsonl")), File.ReadAllText(Path.Combine(folder, "metrics.jsonl")));
        Assert.Equal((whole.VideoScale, whole.PatchScale), (resumed.VideoScale, resumed.PatchScale));

        using RewardModel other = RewardModel.Create(SmallClips.Options, 2);
        Assert.Throws<InputException>(() => Train(other, data, options, 7, folder));
    }

    [Fact]
    public void LearnsToFindTheBrightCellFromIncompleteLabels()
    {
        using RewardTrainingSet data = SmallClips.TrainingSet(48);
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Train(model, data, Quick(RewardTrainingOptions.Joint, 60), 7, Directory.CreateTempSubdirectory().FullName);
        using ClipRewards rewards = model.Score([.. Enumerable.Range(100, 9).Select(i => SmallClips.Clip(i, i % 9))], [.. Enumerable.Range(100, 9).Select(SmallClips.Prompt)], SmallClips.Cells);
        double[] video = rewards.VideoRewards();
        int clean = Enumerable.Range(0, 9).Single(i => (100 + i) % 9 == 8);
        foreach ((int i, double[] patches) in rewards.PatchRewards().Index())
        {
            int bright = (100 + i) % 9;
            if (i != clean)
            {
                Assert.Equal(bright, Array.IndexOf(patches, patches.Min()));
                Assert.InRange(patches.Min(), 0, 2.5);
                Assert.True(video[i] < video[clean], $"video reward {video[i]} of a spoiled clip, {video[clean]} of the clean one");
            }
        }
    }

    [Fact]
    public void ContinuedTrainingKeepsTheVideoHeadAndItsScale()
    {
        using RewardTrainingSet data = SmallClips.TrainingSet(24);
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Train(model, data, Quick(RewardTrainingOptions.VideoOnly, 30), 7, Directory.CreateTempSubdirectory().FullName);
        Assert.Null(model.PatchScale);
        LabelScale? videoScale = model.VideoScale;
        double before = VideoSeparation(model);
        string folder = Directory.CreateTempSubdirectory().FullName;
        Train(model, data, Quick(RewardTrainingOptions.Joint, 30), 8, folder);
        Assert.Equal(videoScale, model.VideoScale);
        Assert.NotNull(model.PatchScale);
        Assert.True(before > 0.5, $"stage 1 separates by {before}");
        Assert.True(VideoSeparation(model) > 0.5, $"stage 2 separates by {VideoSeparation(model)}");
        double[] patchLoss = [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("patch_loss").GetDouble())];
        Assert.True(patchLoss[^5..].Average() < 0.7 * patchLoss[..5].Average());
    }

    [Fact]
    public void PatchOnlyTrainingNeverSeesVideoLabels()
    {
        using RewardTrainingSet data = SmallClips.TrainingSet(24);
        string folder = Directory.CreateTempSubdirectory().FullName;
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Train(model, data, Quick(RewardTrainingOptions.PatchOnly, 2), 7, folder);
        Assert.Null(model.VideoScale);
        Assert.DoesNotContain("video_loss", File.ReadAllText(Path.Combine(folder, "metrics.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void VideoHeadLearnsFromPairsWithTies()
    {
        LabelledPair[] pairs =
        [
            .. from a in Enumerable.Range(0, 36)
               let b = ((a * 7) + 8) % 36
               let difference = (a % 9 == 8 ? 1 : 0) - (b % 9 == 8 ? 1 : 0)
               select new LabelledPair(a, b, difference > 0 ? PairLabel.A : difference < 0 ? PairLabel.B : PairLabel.Same),
        ];
        using RewardTrainingSet data = SmallClips.TrainingSet(36, pairs);
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Train(
            model, data, Quick(RewardTrainingOptions.VideoOnly with { VideoLoss = VideoLossKind.BradleyTerryWithTies }, 60), 7, Directory.CreateTempSubdirectory().FullName);
        Assert.True(VideoSeparation(model) > 1, $"separates by {VideoSeparation(model)}");
        Assert.Equal(LabelScale.Identity, model.VideoScale);
    }

    [Fact]
    public void MissingLabelsAreLeftOutOfLossAndGradient()
    {
        using var scope = NewDisposeScope();
        Tensor prediction = tensor(new float[] { 1, 2, 3, 4 }).requires_grad_();
        Tensor loss = SupervisedTraining.SquaredError(prediction, tensor(new float[] { 0, float.NaN, 5, float.NaN }));
        Assert.Equal((1 + 4) / 2.0, loss.item<float>(), 1e-6);
        loss.backward();
        Assert.Equal([1f, 0f, -2f, 0f], prediction.grad!.data<float>().ToArray());
        Assert.Equal(0f, SupervisedTraining.SquaredError(prediction, full(4, float.NaN)).item<float>());
    }

    [Fact]
    public void LabelsThatCannotBeUsedAreRefused()
    {
        VideoClip[] clips = [SmallClips.Clip(0, 0), SmallClips.Clip(1, 1)];
        long[][] prompts = [SmallClips.Prompt(0), SmallClips.Prompt(1)];
        Assert.Throws<InputException>(() => new RewardTrainingSet(clips, prompts, [1, 2], [[], [1, 2]], SmallClips.Cells));
        Assert.Throws<InputException>(() => new RewardTrainingSet(clips, prompts, [1], [[], []], SmallClips.Cells));
        Assert.Throws<InputException>(() => new RewardTrainingSet(clips, prompts, [1, double.PositiveInfinity], [[], []], SmallClips.Cells));
        InputException outside = Assert.Throws<InputException>(() => new RewardTrainingSet(clips, prompts, [1, 2], [[], [5, 5, 5, 6, 5, 5, 5, 5]], SmallClips.Cells, new GradeRange(1, 5)));
        Assert.Contains("Clip 1: a patch label is 6, expected a grade from 1 to 5", outside.Message, StringComparison.Ordinal);
        using RewardTrainingSet noPatches = new(clips, prompts, [1, 2], [[], []], SmallClips.Cells);
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Assert.Throws<InputException>(() => Train(model, noPatches, Quick(RewardTrainingOptions.Joint, 1), 7, Directory.CreateTempSubdirectory().FullName));
    }

    [Fact]
    public void LiveTensorsStayConstant()
    {
        using RewardTrainingSet data = SmallClips.TrainingSet(24);
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        List<long> live = [];
        Train(model, data, Quick(RewardTrainingOptions.Joint, 12), 7, Directory.CreateTempSubdirectory().FullName, _ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        Assert.Equal(12, live.Count);
        Assert.All(live, count => Assert.Equal(live[1], count));
    }

    /// <summary>Reward of the clip without a bright cell over the mean of the others, in standard deviations.</summary>
    private static double VideoSeparation(RewardModel model)
    {
        using ClipRewards rewards = model.Score([.. Enumerable.Range(0, 9).Select(i => SmallClips.Clip(200 + i, i))], [.. Enumerable.Range(0, 9).Select(SmallClips.Prompt)], SmallClips.Cells);
        double[] video = rewards.VideoRewards();
        return (video[8] - video[..8].Average()) / model.VideoScale!.Value.Deviation;
    }

    private static void Train(RewardModel model, RewardTrainingSet data, RewardTrainingOptions options, long seed, string folder, Action<long>? advanced = null, CancellationToken? stop = null) =>
        RewardTrainer.Train(model, data, options, seed, folder, advanced, stop ?? TestContext.Current.CancellationToken);

    private static void CancelAfter(CancellationTokenSource source, long done, long last)
    {
        if (done == last)
        {
            source.Cancel();
        }
    }

    private static void AssertSameWeights(RewardModel expected, RewardModel actual)
    {
        foreach ((string name, Tensor value) in StateLoader.StateOf(expected))
        {
            TensorAssert.Identical(value, StateLoader.StateOf(actual)[name], name);
        }
    }
}
