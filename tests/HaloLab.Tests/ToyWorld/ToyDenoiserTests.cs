using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

public class ToyDenoiserTests
{
    [Fact]
    public void AsLongAsNothingMixesFramesOneFramePredictsAsItDoesWithinItsClip()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using UNet3D network = new(ToyModels.Denoiser);
        using LayoutPrior prior = new();
        Initialisation.Draw(network, 1);
        Initialisation.Draw(prior, 1);
        HashSet<string> mixers = [.. network.named_modules().Where(item => item.module is TemporalConvolutions or TemporalTransformer).Select(item => item.name + ".")];
        foreach ((string name, Parameter parameter) in network.named_parameters().Where(item => !mixers.Any(item.name.StartsWith)))
        {
            // The branches that start at zero would hide what they carry.
            Initialisation.Uniform(parameter, 0.1, new RandomStream(1, name));
        }

        ToyDenoiser denoiser = new(network, prior);
        Tensor latents_BCTHW = GaussianNoise(2, 8, 8, 8, 8);
        Tensor timesteps_B = tensor(new long[] { 300, 800 });
        Tensor context_BLD = GaussianNoise(2, ToyModels.Text.ContextLength, ToyModels.Text.Width);
        Tensor frame_B = tensor(new long[] { 6, 1 });
        Tensor clips_BCTHW = denoiser.Predict(latents_BCTHW, timesteps_B, context_BLD);
        Tensor frames_BCTHW = denoiser.Predict(ToyDenoiser.Frame(latents_BCTHW, frame_B), timesteps_B, context_BLD, frame_B);
        Assert.Equal([2, 8, 1, 8, 8], frames_BCTHW.shape);
        TensorAssert.Close(stack([clips_BCTHW[0].select(1, 6), clips_BCTHW[1].select(1, 1)]).unsqueeze(2), frames_BCTHW, 1e-4, 1e-4);

        Tensor elsewhere_BCTHW = denoiser.Predict(ToyDenoiser.Frame(latents_BCTHW, frame_B), timesteps_B, context_BLD, tensor(new long[] { 0, 1 }));
        Assert.True((elsewhere_BCTHW[0] - frames_BCTHW[0]).abs().max().item<float>() > 1e-3, "the average of another frame makes no difference");
        TensorAssert.Close(frames_BCTHW[1], elsewhere_BCTHW[1], 1e-5);

        static Tensor GaussianNoise(params long[] shape) => HaloLab.Diffusion.GaussianNoise.Draw(new RandomStream(1, "noise"), shape);
    }
}
