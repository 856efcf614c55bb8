using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Tests.Models.VideoCrafter2;

[Trait("Category", "Golden")]
public class UNet3DGoldenTests
{
    private const string Prefix = "model.diffusion_model.";

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("videocrafter2", "vc2_unet*", "t2vturbo*_unet*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PredictionIntermediatesAndGradients(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using UNet3D unet = Load(golden);
        Dictionary<string, Tensor> tapped = Tap(unet, golden);
        Tensor latents_BCTHW = golden.Tensors["in.x"].detach().clone().requires_grad_();
        UNet3DConditioning conditioning = Conditioning(golden);
        Tensor prediction = unet.call(latents_BCTHW, golden.Tensors["in.t"], conditioning);
        TensorAssert.Close(golden.Tensors["out.eps"], prediction, 1e-4, what: "eps");
        foreach (Tensor tap in tapped.Values)
        {
            scope.Attach(tap);
        }

        AssertTaps(golden, tapped);

        Tensor loss = prediction.square().mean();
        TensorAssert.Close(golden.Tensors["out.loss"], loss.reshape(golden.Tensors["out.loss"].shape), 1e-5, 1e-5, "loss");
        loss.backward();
        Dictionary<string, Tensor> parameters = StateLoader.StateOf(unet);
        foreach ((string name, Tensor expected) in golden.WithPrefix("grad."))
        {
            Tensor? actual = name == "x" ? latents_BCTHW.grad : parameters[name[Prefix.Length..]].grad;
            Assert.NotNull(actual);
            TensorAssert.Close(expected, actual, 0, 1e-3, $"gradient of {name}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void FrameRateAndGuidanceEmbeddingMayBeLeftOut(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using UNet3D unet = Load(golden);
        UNet3DConditioning conditioning = Conditioning(golden);
        Dictionary<string, UNet3DConditioning> variants = new()
        {
            ["out.eps_default_fps16"] = conditioning with { FramesPerSecond = new UNet3DConditioning(conditioning.Context_BLD).FramesPerSecond },
            ["out.eps_no_guidance_embedding"] = conditioning with { GuidanceEmbedding_BE = null, MotionEmbedding_BE = null },
        };
        foreach ((string name, UNet3DConditioning variant) in variants)
        {
            if (golden.Tensors.TryGetValue(name, out Tensor? expected))
            {
                TensorAssert.Close(expected, unet.call(golden.Tensors["in.x"], golden.Tensors["in.t"], variant), 1e-4, what: name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void GuidanceEmbedding(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        (string Input, string Output)[] pairs = [("in.w", "in.w_embedding"), ("in.w", "tap.w_embedding"), ("in.motion_gs", "in.motion_embedding"), ("in.motion_gs", "tap.motion_embedding")];
        foreach ((string input, string output) in pairs)
        {
            if (golden.Tensors.TryGetValue(input, out Tensor? guidance_B) && golden.Tensors.TryGetValue(output, out Tensor? expected))
            {
                TensorAssert.Close(expected, SinusoidalEmbedding.OfGuidance(guidance_B, (int)expected.shape[1]), 1e-3, what: output);
            }
        }
    }

    private static UNet3D Load(GoldenCase golden)
    {
        UNet3D unet = new(OptionsReader.UNet(golden.Json.GetProperty("unet")));
        StateLoader.Load(unet, golden.Parameters(), golden.JsonPath, Prefix);
        unet.eval();
        return unet;
    }

    private static UNet3DConditioning Conditioning(GoldenCase golden) => new(golden.Tensors["in.context"])
    {
        FramesPerSecond = golden.Json.GetProperty("fps").GetDouble(),
        GuidanceEmbedding_BE = golden.Tensors.GetValueOrDefault("in.w_embedding"),
        MotionEmbedding_BE = golden.Tensors.GetValueOrDefault("in.motion_embedding"),
    };

    /// <summary>Catches the outputs of the modules that the case lists.</summary>
    private static Dictionary<string, Tensor> Tap(UNet3D unet, GoldenCase golden)
    {
        HashSet<string> wanted = golden.Json.TryGetProperty("taps", out JsonElement taps) ? [.. taps.EnumerateArray().Select(item => item.GetString()!), "fps_embedding"] : [];
        Dictionary<string, Tensor> tapped = [];
        foreach ((string name, Module module) in unet.named_modules().Where(pair => wanted.Contains(pair.name)))
        {
            Tensor Keep(Tensor output)
            {
                tapped[name] = output.detach().clone().DetachFromDisposeScope();
                return output;
            }

            switch (module)
            {
                case Module<Tensor, Tensor> plain:
                    plain.register_forward_hook((_, _, output) => Keep(output));
                    break;
                case Module<Tensor, Tensor, Tensor> two:
                    two.register_forward_hook((_, _, _, output) => Keep(output));
                    break;
                case Module<Tensor, Tensor, Tensor, Tensor> three:
                    three.register_forward_hook((_, _, _, _, output) => Keep(output));
                    break;
                default:
                    Assert.Fail($"{name} cannot be tapped");
                    break;
            }
        }

        return tapped;
    }

    private static void AssertTaps(GoldenCase golden, Dictionary<string, Tensor> tapped)
    {
        // Upstream adds the frame rate's part into the tensor that time_embed returned.
        if (tapped.TryGetValue("time_embed", out Tensor? time) && tapped.TryGetValue("fps_embedding", out Tensor? rate))
        {
            tapped["time_embed"] = time + rate;
        }

        foreach ((string name, Tensor expected) in golden.WithPrefix("tap."))
        {
            if (tapped.TryGetValue(name, out Tensor? actual))
            {
                TensorAssert.Close(expected, actual.reshape(expected.shape), 0, 5e-5, $"tap {name}");
            }
            else
            {
                Assert.Contains(name, (string[])["w_embedding", "motion_embedding"]);
            }
        }
    }
}
