using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.VideoCrafter2;

public class UNet3DTests
{
    private static readonly UNet3DOptions Tiny = new()
    {
        ModelChannels = 32,
        ChannelMultipliers = [1, 1],
        ResBlocks = 1,
        AttentionResolutions = [2],
        HeadChannels = 16,
        ContextChannels = 8,
    };

    [Fact]
    public void WhatTheModelHasNoPartForIsRefused()
    {
        using var scope = NewDisposeScope();
        using UNet3D plain = new(Tiny);
        using UNet3D motion = new(Tiny with { GuidanceEmbeddingSize = 16, MotionEmbeddingSize = 16 });
        Tensor embedding = zeros([1, 16]);
        UNet3DConditioning text = new(zeros([1, 3, 8]));
        AssertRefused(plain, text with { GuidanceEmbedding_BE = embedding }, "guidance embedding");
        AssertRefused(plain, text with { MotionEmbedding_BE = embedding }, "motion embedding");
        AssertRefused(motion, text with { GuidanceEmbedding_BE = embedding }, "together");
        AssertRefused(motion, text with { MotionEmbedding_BE = embedding }, "together");
        AssertRefused(plain, text with { Context_BLD = zeros([1, 3, 7]) }, "text condition");
        AssertRefused(plain, text, "multiples of 2", height: 3);
        Assert.Throws<ArgumentException>(() => new UNet3D(Tiny with { MotionEmbeddingSize = 16 }));

        static void AssertRefused(UNet3D unet, UNet3DConditioning conditioning, string part, int height = 2) =>
            Assert.Contains(part, Assert.Throws<ArgumentException>(() => unet.call(zeros([1, 4, 2, height, 2]), zeros([1]), conditioning)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FirstValuesDependOnSeedAndNameOnlyAndStartAtZeroWhereABranchEnds()
    {
        using var scope = NewDisposeScope();
        using UNet3D first = new(Tiny);
        using UNet3D larger = new(Tiny with { GuidanceEmbeddingSize = 16 });
        Initialisation.Draw(first, 7);
        Initialisation.Draw(larger, 7);
        TensorAssert.Identical(first.input_blocks[0].parameters().First(), larger.input_blocks[0].parameters().First());
        HaloLab.Models.Layers.Linear time = (HaloLab.Models.Layers.Linear)first.time_embed[0];
        double bound = Math.Sqrt(3.0 / 32);
        Assert.InRange(time.weight.abs().max().item<float>(), 0.95 * bound, bound);
        Assert.Equal(0, time.bias!.abs().max().item<float>());
        TransformerBlock block = ((SpatialTransformer)first.middle_block.children().ElementAt(1)).transformer_blocks[0];
        Assert.All(block.norm1.weight!.data<float>().ToArray(), value => Assert.Equal(1, value));

        // Every branch ends in a zero, and so does the model.
        Tensor prediction = first.call(randn([1, 4, 2, 2, 2]), zeros([1]), new UNet3DConditioning(randn([1, 3, 8])));
        Assert.Equal(0, prediction.abs().max().item<float>());
        Initialisation.Draw(first, 8);
        Assert.NotEqual(time.weight[0, 0].item<float>(), ((HaloLab.Models.Layers.Linear)larger.time_embed[0]).weight[0, 0].item<float>());
    }

    [Fact]
    public void TheEmbeddingScalesAndShiftsWhatTheSecondNormGives()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using ResBlock scaling = new(32, 32, 4, Tiny with { ScaleShiftNorm = true, TemporalConvolutions = false });
        using ResBlock plain = new(32, 32, 4, Tiny with { TemporalConvolutions = false });
        foreach (ResBlock block in new[] { scaling, plain })
        {
            Initialisation.Draw(block, 1);
            Initialisation.Uniform(((Conv2d)block.out_layers[3]).weight, 0.1, new RandomStream(1, "last convolution"));
            ((Linear)block.emb_layers[1]).weight.zero_();
        }

        // Scales of 1 double what the norm gives, shifts of 0.5 are added: as weights of 2 and biases of 0.5 in the norm itself.
        Linear embedding = (Linear)scaling.emb_layers[1];
        embedding.bias!.narrow(0, 0, 32).fill_(1);
        embedding.bias!.narrow(0, 32, 32).fill_(0.5);
        GroupNorm32 norm = (GroupNorm32)plain.out_layers[0];
        norm.weight.fill_(2);
        norm.bias.fill_(0.5);
        (Tensor frames_NCHW, Tensor embedding_BE) = (randn([4, 32, 3, 3]), randn([2, 4]));
        TensorAssert.Close(plain.call(frames_NCHW, embedding_BE), scaling.call(frames_NCHW, embedding_BE), 1e-5);
    }

    [Fact]
    public void AForwardPassLeavesOneTensorBehindAndFreesTheRest()
    {
        using UNet3D unet = new(Tiny);
        Initialisation.Draw(unet, 1);
        using var scope = NewDisposeScope();
        (Tensor latents, Tensor timesteps) = (randn([2, 4, 2, 2, 2]), zeros([2]));
        UNet3DConditioning conditioning = new(randn([2, 3, 8]));
        unet.call(latents, timesteps, conditioning).sum().backward();
        long before = LiveTensors.CountSettled();
        unet.call(latents, timesteps, conditioning);
        Assert.Equal(before + 1, Tensor.TotalCount);
    }
}
