using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Rewards;

/// <summary>The whole way at a small budget: rendered and damaged clips, the simulated teacher's grades, and what the model then says of unseen clips.</summary>
public class ToyRewardLearningTests
{
    private static readonly PatchGrid Grid = new(4, 4, 4);

    [Fact]
    public void ModelTrainedOnTheSimulatedTeacherFindsDefectsInUnseenClips()
    {
        ToyTokenizer tokenizer = new();
        SimulatedTeacher teacher = new(1);
        OracleVerdict[] seen = Clips(ToySplit.Training, 96, out long[][] seenPrompts);
        PatchGrades[] grades = [.. seen.Select(teacher.Grade)];
        LatticeEdges cells = LatentLattice.ForClip(ToyRenderer.Frames, ToyRenderer.Size, ToyRenderer.Size, spatialStride: 4).Edges(Grid);
        using RewardTrainingSet data = new(
            [.. seen.Select(verdict => verdict.Clip)],
            seenPrompts,
            [.. grades.Select(grade => grade.Clip ?? double.NaN)],
            [.. grades.Select(grade => grade.Cells.Select(cell => cell ?? double.NaN).ToArray())],
            cells,
            new GradeRange(1, 5));
        RewardModelOptions options = new(tokenizer.VocabularySize, tokenizer.ContextLength) { Channels = 32, StemChannels = 16, Blocks = 2, PromptChannels = 16, PromptLayers = 1 };
        using RewardModel model = RewardModel.Create(options, 1);
        RewardTrainingOptions training = RewardTrainingOptions.Joint with { Budget = new TrainingBudget { Steps = 120, BatchSize = 16, LearningRate = 4e-3 } };
        RewardTrainer.Train(model, data, training, 1, Directory.CreateTempSubdirectory().FullName, cancellation: TestContext.Current.CancellationToken);

        OracleVerdict[] unseen = Clips(ToySplit.Development, 64, out long[][] unseenPrompts);
        using ClipRewards rewards = model.Score([.. unseen.Select(verdict => verdict.Clip)], unseenPrompts, cells);
        (double Severity, double Reward)[] patches = [.. unseen.SelectMany(verdict => verdict.Patches.Severities).Zip(rewards.PatchRewards().SelectMany(row => row))];
        double[] spoiled = [.. patches.Where(patch => patch.Severity > 0.25).Select(patch => patch.Reward)];
        double[] fine = [.. patches.Where(patch => patch.Severity == 0).Select(patch => patch.Reward)];
        double found = spoiled.Average(bad => fine.Average(good => good > bad ? 1.0 : 0.0));
        Assert.True(found > 0.85, $"a fine patch is rated above a spoiled one in {found:p1} ({spoiled.Length} spoiled)");
        Assert.All(patches, patch => Assert.InRange(patch.Reward, 1, 5));
        double saturated = fine.Average(reward => reward == 5 ? 1.0 : 0.0);
        Assert.True(saturated > 0.5, $"{saturated:p1} of the fine patches are rated exactly 5");
        double video = Correlation.Spearman([.. rewards.VideoRewards()], [.. unseen.Select(verdict => -verdict.OverallFault)]).Estimate;
        Assert.True(video > 0.4, $"video rewards agree with the oracle by {video:f2}");
    }

    private static OracleVerdict[] Clips(ToySplit split, int count, out long[][] prompts)
    {
        ToyTokenizer tokenizer = new();
        DamageProcess damage = new(0.5);
        IReadOnlyList<ToyCaption> captions = ToyPrompts.Of(split, objects: 1);
        OracleVerdict[] verdicts = new OracleVerdict[count];
        prompts = new long[count][];
        for (int i = 0; i < count; i++)
        {
            RandomStream stream = new(1, $"reward learning, {split}", i);
            ToyCaption caption = captions[stream.Next(captions.Count)];
            VideoClip clip = damage.Apply(ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, stream)), stream).Clip;
            verdicts[i] = OracleVerdict.Of(clip, caption, Grid);
            prompts[i] = tokenizer.Encode(caption.ToString());
        }

        return verdicts;
    }
}
