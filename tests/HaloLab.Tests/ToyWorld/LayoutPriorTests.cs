using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

public class LayoutPriorTests
{
    [Fact]
    public void TheAverageHasTheLatentsShapeAndOneNumberForFourPlaces()
    {
        using LayoutPrior prior = new();
        Initialisation.Draw(prior, 1);
        using var scope = NewDisposeScope();
        LayoutPrior.Answer answer = prior.call(randn([3, ToyModels.Text.ContextLength, ToyModels.Text.Width]));
        Assert.Equal([3, 8, 8, 8, 8], answer.Average_BCTHW.shape);
        Assert.Equal([3, LayoutPrior.SummaryWidth], answer.Summary_BE.shape);
        Tensor corner = answer.Average_BCTHW[.., .., .., 0, 0];
        Assert.Equal(corner, answer.Average_BCTHW[.., .., .., 1, 1]);
        Assert.NotEqual(corner, answer.Average_BCTHW[.., .., .., 2, 0]);
    }

    [Fact]
    public void TheDenoiserIsToldTheCaptionOfEachClip()
    {
        using UNet3D network = new(ToyModels.Denoiser);
        using LayoutPrior prior = new();
        Initialisation.Draw(network, 1);
        Initialisation.Draw(prior, 1);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ToyDenoiser denoiser = new(network, prior);

        // The last convolution starts at zero, which would hide everything.
        Initialisation.Normal(((Conv2d)network.@out[2]).weight, 0.1, new RandomStream(1, "last convolution"));
        Tensor latents = randn([2, 8, 8, 8, 8]);
        Tensor timesteps = tensor(new long[] { 900, 500 });
        Tensor context = randn([2, ToyModels.Text.ContextLength, ToyModels.Text.Width]);
        Tensor both = denoiser.Predict(latents, timesteps, context);
        Tensor alone = denoiser.Predict(latents[1..], timesteps[1..], context[1..]);
        Assert.True((both[1..] - alone).abs().max().item<float>() < 1e-5);
        Tensor other = denoiser.Predict(latents, timesteps, stack([context[0], context[0]]));
        Assert.True((both[0] - other[0]).abs().max().item<float>() < 1e-5);
        Assert.True((both[1] - other[1]).abs().max().item<float>() > 1e-3);
    }
}
