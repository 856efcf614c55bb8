using HaloLab.Checkpoints;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.VideoCrafter2;

[Trait("Category", "Golden")]
public class AutoencoderKLGoldenTests
{
    private const double Limit = 5e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("videocrafter2", "vae*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void EncodesAndDecodes(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using AutoencoderKL vae = new(OptionsReader.Autoencoder(golden.Json));
        StateLoader.Load(vae, golden.Parameters(), golden.JsonPath, "first_stage_model.");
        Tensor pixels_NCHW = golden.Tensors["in.pixels"];
        Tensor latents_NCHW = golden.Tensors["in.latent"];
        Tensor raw = vae.encoder.call(pixels_NCHW);
        TensorAssert.Close(golden.Tensors["tap.encoder"], raw, Limit, what: "encoder");
        TensorAssert.Close(golden.Tensors["out.moments"], vae.quant_conv.call(raw), Limit, what: "moments");

        DiagonalGaussian code = vae.Encode(pixels_NCHW);
        TensorAssert.Close(golden.Tensors["out.moments"].chunk(2, 1)[0], code.Mean_NCHW, Limit, what: "mean");
        TensorAssert.Close(golden.Tensors["out.std"], code.StandardDeviation(), Limit, what: "standard deviation");
        TensorAssert.Close(golden.Tensors["out.latent_sampled"], code.Sample(golden.Tensors["in.noise"]) * vae.Options.ScaleFactor, Limit, what: "sampled");

        Tensor code_NCHW = latents_NCHW / vae.Options.ScaleFactor;
        TensorAssert.Close(golden.Tensors["tap.post_quant"], vae.post_quant_conv.call(code_NCHW), Limit, what: "post_quant");
        TensorAssert.Close(golden.Tensors["out.decoded"], vae.Decode(latents_NCHW), Limit, what: "decoded");
        TensorAssert.Close(golden.Tensors["out.reconstruction"], vae.call(pixels_NCHW), Limit, what: "reconstruction");

        // The frames of the case as the frames of one clip.
        TensorAssert.Close(golden.Tensors["out.latent_mode"], Frames(vae.EncodeClips(Clip(pixels_NCHW))), Limit, what: "latents of the means");
        TensorAssert.Close(golden.Tensors["out.latent_sampled"], Frames(vae.EncodeClips(Clip(pixels_NCHW), Clip(golden.Tensors["in.noise"]))), Limit, what: "latents");
        TensorAssert.Close(golden.Tensors["out.decoded"], Frames(vae.DecodeClips(Clip(latents_NCHW), framesAtOnce: 1)), Limit, what: "decoded clip");

        static Tensor Clip(Tensor frames_NCHW) => frames_NCHW.transpose(0, 1).unsqueeze(0);
        static Tensor Frames(Tensor clip_1CTHW) => clip_1CTHW.squeeze(0).transpose(0, 1);
    }

    [Fact]
    public void LogVarianceIsClamped()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using AutoencoderKL vae = new(new AutoencoderKLOptions { Channels = 32, ChannelMultipliers = [1], ResBlocks = 1 });
        foreach (TorchSharp.Modules.Parameter parameter in vae.parameters())
        {
            parameter.zero_();
        }

        using (Tensor bias = tensor([7f, 7, 7, 7, -31, -30, 20, 21]))
        {
            vae.quant_conv.bias!.copy_(bias);
        }

        DiagonalGaussian code = vae.Encode(zeros([1, 3, 2, 2]));
        Assert.Equal([-30f, -30, 20, 20], code.LogVariance_NCHW.select(2, 0).select(2, 0).flatten().data<float>().ToArray());
        Assert.Equal(7f, code.Mean_NCHW.mean().item<float>());
    }
}
