using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

public class RewardModelTests
{
    [Fact]
    public void ComputesTheSameAfterItsParametersWereReplaced()
    {
        using var scope = NewDisposeScope();
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Tensor frames_BCTHW = SmallClips.Clip(0, 3).ToTensor().unsqueeze(0);
        Tensor tokens_BL = ClipSet.TokensOf([SmallClips.Prompt(0)]);
        (Tensor video_B, Tensor patches_Bthw) = model.call(frames_BCTHW, tokens_BL, SmallClips.Cells);

        // As a move to another device does.
        model.to(ScalarType.Float64);
        (Tensor moved_B, Tensor movedPatches_Bthw) = model.call(frames_BCTHW.to(ScalarType.Float64), tokens_BL, SmallClips.Cells);
        Assert.Equal(video_B.item<float>(), moved_B.item<double>(), 1e-5);
        Assert.True(movedPatches_Bthw.to(ScalarType.Float32).allclose(patches_Bthw, 1e-5, 1e-5));
    }

    [Fact]
    public void PatchRewardsOfAnyCellsArePooledFromOneMap()
    {
        using var scope = NewDisposeScope();
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        (Tensor frames_BCTHW, Tensor tokens_BL) = SmallClips.Batch(3);
        LatticeEdges own = LatticeEdges.Uniform(2, 4, 4);
        LatticeEdges uneven = LatentLattice.ForClip(4, 16, 16, 2).Edges(new PatchGrid(3, 3, 1));
        using ClipRewards map = model.Score(frames_BCTHW, tokens_BL, own);
        using ClipRewards rewards = model.Score(frames_BCTHW, tokens_BL, uneven);
        Assert.Equal([3, 3, 3, 1], rewards.Patches_Bthw.shape);
        TensorAssert.Close(new LatticePooling(own, uneven).Pool(map.Patches_Bthw), rewards.Patches_Bthw, 1e-6);
        TensorAssert.Identical(map.Video_B, rewards.Video_B);
        Assert.True(map.Patches_Bthw.std().item<float>() > 0.01);
        Assert.Equal(rewards.Patches_Bthw[1, 2, 0, 0].item<float>(), rewards.PatchRewards()[1][6], 1e-6);
    }

    [Fact]
    public void ScoreReadsClipAndPromptAndDoesNotDependOnTheBatch()
    {
        using var scope = NewDisposeScope();
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        foreach (TorchSharp.Modules.Parameter parameter in model.parameters().Where(parameter => parameter.abs().sum().item<float>() == 0))
        {
            // The branches that start at zero would hide what they carry.
            Initialisation.Uniform(parameter, 0.3, new RandomStream(1, "branches", parameter.NumberOfElements));
        }

        (Tensor frames_BCTHW, Tensor tokens_BL) = SmallClips.Batch(40);
        using ClipRewards all = model.Score(frames_BCTHW, tokens_BL, SmallClips.Cells);
        using ClipRewards one = model.Score([SmallClips.Clip(35, 35 % 9)], [SmallClips.Prompt(35)], SmallClips.Cells);
        using ClipRewards otherPrompt = model.Score([SmallClips.Clip(35, 35 % 9)], [SmallClips.Prompt(36)], SmallClips.Cells);
        TensorAssert.Close(all.Video_B.narrow(0, 35, 1), one.Video_B, 1e-5);
        TensorAssert.Close(all.Patches_Bthw.narrow(0, 35, 1), one.Patches_Bthw, 1e-5);
        Assert.NotEqual(one.VideoRewards()[0], otherPrompt.VideoRewards()[0], 1e-4);
        Assert.NotEqual(all.VideoRewards()[34], one.VideoRewards()[0], 1e-4);
    }

    [Fact]
    public void SavedModelLoadsToTheSameBits()
    {
        using var scope = NewDisposeScope();
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model.safetensors");
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        model.PatchScale = new LabelScale(3.1, 0.7, new GradeRange(1, 5));
        model.Save(path);
        using RewardModel loaded = RewardModel.Load(path);
        using RewardModel clone = model.Clone();
        (Tensor frames_BCTHW, Tensor tokens_BL) = SmallClips.Batch(2);
        using ClipRewards expected = model.Score(frames_BCTHW, tokens_BL, SmallClips.Cells);
        foreach (RewardModel other in (RewardModel[])[loaded, clone])
        {
            using ClipRewards got = other.Score(frames_BCTHW, tokens_BL, SmallClips.Cells);
            TensorAssert.Identical(expected.Video_B, got.Video_B);
            TensorAssert.Identical(expected.Patches_Bthw, got.Patches_Bthw);
            Assert.Equal(model.Options, other.Options);
            Assert.Equal((model.VideoScale, model.PatchScale), (other.VideoScale, other.PatchScale));
        }
    }

    [Theory]
    [InlineData("missing", "patch_head.proj.bias")]
    [InlineData("extra", "patch_head.extra")]
    [InlineData("format", "another")]
    [InlineData("options", "options")]
    public void BrokenFileIsRefusedByName(string what, string named)
    {
        using var scope = NewDisposeScope();
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model.safetensors");
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        model.Save(path);
        Dictionary<string, Tensor> tensors = Safetensors.Load(path, out Dictionary<string, string> metadata);
        switch (what)
        {
            case "missing":
                tensors.Remove(named);
                break;
            case "extra":
                tensors.Add(named, zeros(1));
                break;
            default:
                metadata[what] = named;
                break;
        }

        Safetensors.Save(path, tensors, metadata);
        InputException exception = Assert.Throws<InputException>(() => RewardModel.Load(path));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ClipsAndPromptsOfOtherSizesAreRefused()
    {
        using var scope = NewDisposeScope();
        using RewardModel model = RewardModel.Create(SmallClips.Options, 1);
        Assert.Throws<InputException>(() => model.Score(zeros([1, 3, 3, 16, 16]), zeros([1, 3], dtype: int64), SmallClips.Cells));
        Assert.Throws<InputException>(() => model.Score(zeros([1, 3, 4, 16, 18]), zeros([1, 3], dtype: int64), SmallClips.Cells));
        Assert.Throws<InputException>(() => model.Score(zeros([1, 3, 4, 16, 16]), zeros([1, 4], dtype: int64), SmallClips.Cells));
        Assert.Throws<InputException>(() => model.Score(zeros([2, 3, 4, 16, 16]), zeros([1, 3], dtype: int64), SmallClips.Cells));
    }
}
