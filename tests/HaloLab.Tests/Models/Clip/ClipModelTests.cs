using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Clip;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Clip;

[Trait("Category", "Golden")]
public sealed class ClipModelTests
{
    private const double Features = 2e-5;
    private const double Cosines = 1e-6;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("clip", "*_tiny*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void FeaturesCosinesAndGradientsMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        foreach (bool quick in new[] { true, false })
        {
            string activation = quick ? "quick_gelu" : "gelu";
            Tensor Expected(string name) => golden.Tensors[$"out.{activation}.{name}"];
            ClipModel model = Load(golden, quick);
            Tensor pixels = golden.Tensors["out.pre.pil"].clone().requires_grad_();
            Tensor images = model.EncodeImages(pixels);
            Tensor texts = model.EncodeTexts(golden.Tensors["in.ids"]);
            TensorAssert.Close(Expected("image_features"), images, Features, what: $"{activation}: image features");
            TensorAssert.Close(Expected("text_features"), texts, Features, what: $"{activation}: text features");
            Tensor cosine = ClipModel.Cosine(images, texts);
            TensorAssert.Close(Expected("cosine"), cosine, Cosines, what: $"{activation}: cosine");
            TensorAssert.Close(Expected("logits"), model.Logits(images, texts), 1e-4, what: $"{activation}: logits");
            Tensor aesthetic = nn.functional.linear(nn.functional.normalize(images, dim: -1), golden.Tensors["in.aesthetic.weight"], golden.Tensors["in.aesthetic.bias"]);
            TensorAssert.Close(Expected("aesthetic"), aesthetic, Features, what: $"{activation}: aesthetic head");
            cosine[0, 0].backward();
            TensorAssert.Close(golden.Tensors[$"grad.{activation}.pixels"], pixels.grad!, 0, 1e-4, what: $"{activation}: gradient of the pixels");
            TensorAssert.Close(golden.Tensors[$"grad.{activation}.visual.proj"], model.visual.proj.grad!, 0, 1e-4, what: $"{activation}: gradient of the projection");
            if (quick)
            {
                TensorAssert.Close(golden.Tensors["tap.quick_gelu.visual_ln_pre"], model.visual.Tokens(pixels), Features, what: "tokens");
                TensorAssert.Close(golden.Tensors["tap.quick_gelu.visual_resblock0"], model.visual.transformer.resblocks[0].call(model.visual.Tokens(pixels)), Features, what: "first block");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PicturesArePreparedAsTheirUsersDo(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        Tensor frames = golden.Tensors["in.image"].permute(2, 0, 1).unsqueeze(0);
        int size = golden.Json.GetProperty("vision").GetProperty("image_size").GetInt32();
        foreach ((string name, ClipPixels pixels) in new[] { ("float_noaa", ClipPixels.Unrounded), ("uint8_noaa", ClipPixels.Rounded), ("float_aa_square", ClipPixels.Square), ("pil", ClipPixels.Pillow) })
        {
            TensorAssert.Close(golden.Tensors["out.pre." + name], ClipPreprocessing.Apply(frames, size, pixels), 1e-5, what: name);
        }
    }

    internal static ClipModel Load(GoldenCase golden, bool quick)
    {
        JsonElement vision = golden.Json.GetProperty("vision");
        JsonElement text = golden.Json.GetProperty("text");
        ClipOptions options = new()
        {
            EmbeddingWidth = golden.Json.GetProperty("embed_dim").GetInt32(),
            ImageSize = vision.GetProperty("image_size").GetInt32(),
            PatchSize = vision.GetProperty("patch_size").GetInt32(),
            VisionLayers = vision.GetProperty("layers").GetInt32(),
            VisionWidth = vision.GetProperty("width").GetInt32(),
            VisionHeads = vision.GetProperty("width").GetInt32() / vision.GetProperty("head_width").GetInt32(),
            TextLayers = text.GetProperty("layers").GetInt32(),
            TextWidth = text.GetProperty("width").GetInt32(),
            TextHeads = text.GetProperty("heads").GetInt32(),
            VocabularySize = text.GetProperty("vocab_size").GetInt32(),
            ContextLength = text.GetProperty("context_length").GetInt32(),
            QuickGelu = quick,
        };
        ClipModel model = new(options);
        Dictionary<string, Tensor> parameters = golden.Parameters();
        if (golden.Json.TryGetProperty("token_embedding_formula", out JsonElement formula))
        {
            parameters["token_embedding.weight"] = TextTowerFromCase.Embedding(formula, options.VocabularySize, options.TextWidth);
        }

        StateLoader.Load(model, parameters, golden.JsonPath);
        model.eval();
        return model;
    }
}
