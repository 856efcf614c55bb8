using HaloLab.Checkpoints;
using HaloLab.Models.Dino;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Dino;

[Trait("Category", "Golden")]
public sealed class DinoVisionTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("dino", "*_tiny*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void ClassTokensPositionsAndGradientsMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        DinoVision model = Load(golden);
        foreach (string form in new[] { "square", "wide", "tall" })
        {
            Tensor pixels = golden.Tensors["in." + form].clone().requires_grad_();
            TensorAssert.Close(golden.Tensors[$"tap.{form}.pos"], model.Positions((int)pixels.shape[2], (int)pixels.shape[3]), 1e-5, what: $"{form}: positions");
            TensorAssert.Close(golden.Tensors[$"tap.{form}.tokens_after_block0"], model.blocks[0].call(model.Tokens(pixels)), 3e-5, what: $"{form}: first block");
            Tensor features = model.call(pixels);
            TensorAssert.Close(golden.Tensors[$"out.{form}.cls"], features, 3e-5, what: $"{form}: class token");
            if (golden.Tensors.TryGetValue("grad." + form, out Tensor? gradient))
            {
                features.square().mean().backward();
                TensorAssert.Close(gradient, pixels.grad!, 0, 1e-4, what: $"{form}: gradient of the pixels");
            }
        }

        Tensor frames = golden.Tensors["in.image"].permute(2, 0, 1).unsqueeze(0);
        TensorAssert.Close(golden.Tensors["out.pre.float"], DinoVision.Preprocess(frames, golden.Json.GetProperty("img_size").GetInt32()), 1e-5, what: "preprocessing");
    }

    internal static DinoVision Load(GoldenCase golden)
    {
        DinoVision model = new(new DinoOptions
        {
            ImageSize = golden.Json.GetProperty("img_size").GetInt32(),
            PatchSize = golden.Json.GetProperty("patch_size").GetInt32(),
            Width = golden.Json.GetProperty("embed_dim").GetInt32(),
            Layers = golden.Json.GetProperty("depth").GetInt32(),
            Heads = golden.Json.GetProperty("num_heads").GetInt32(),
        });
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        model.eval();
        return model;
    }
}
