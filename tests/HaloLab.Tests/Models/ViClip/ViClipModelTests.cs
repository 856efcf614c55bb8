using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Clip;
using HaloLab.Models.ViClip;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.ViClip;

[Trait("Category", "Golden")]
public sealed class ViClipModelTests
{
    private const double Features = 2e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("viclip", "*_tiny*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void FeaturesCosinesAndGradientsMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        ViClipModel model = Load(golden);
        Tensor video_BTCHW = golden.Tensors["in.video"].clone().requires_grad_();
        Tensor videos = model.vision_encoder.call(video_BTCHW.transpose(1, 2));
        Tensor texts = model.text_encoder.call(golden.Tensors["in.ids"]);
        TensorAssert.Close(golden.Tensors["out.video_features"], videos, Features, what: "video features");
        TensorAssert.Close(golden.Tensors["out.text_features"], texts, Features, what: "text features");
        TensorAssert.Close(golden.Tensors["out.single_frame_features"], model.vision_encoder.call(video_BTCHW.narrow(1, 0, 1).transpose(1, 2)), Features, what: "features of one frame");
        Tensor cosine = ClipModel.Cosine(videos, texts);
        TensorAssert.Close(golden.Tensors["out.cosine"], cosine, 2e-6, what: "cosine");
        cosine[0, 0].backward();
        TensorAssert.Close(golden.Tensors["grad.video"], video_BTCHW.grad!, 0, 1e-4, what: "gradient of the video");
        Assert.Throws<ArgumentException>(() => model.vision_encoder.call(video_BTCHW.narrow(1, 0, 3).transpose(1, 2)));
    }

    internal static ViClipModel Load(GoldenCase golden)
    {
        JsonElement vision = golden.Json.GetProperty("vision");
        JsonElement text = golden.Json.GetProperty("text");
        ClipOptions towers = new()
        {
            EmbeddingWidth = golden.Json.GetProperty("embed_dim").GetInt32(),
            ImageSize = vision.GetProperty("input_resolution").GetInt32(),
            PatchSize = vision.GetProperty("patch_size").GetInt32(),
            VisionLayers = vision.GetProperty("layers").GetInt32(),
            VisionWidth = vision.GetProperty("width").GetInt32(),
            VisionHeads = vision.GetProperty("heads").GetInt32(),
            TextLayers = text.GetProperty("layers").GetInt32(),
            TextWidth = text.GetProperty("width").GetInt32(),
            TextHeads = text.GetProperty("heads").GetInt32(),
            VocabularySize = text.GetProperty("vocab_size").GetInt32(),
            ContextLength = text.GetProperty("context_length").GetInt32(),
        };
        ViClipModel model = new(new ViClipOptions { Towers = towers, Frames = vision.GetProperty("num_frames").GetInt32() });
        Dictionary<string, Tensor> parameters = golden.Parameters();
        if (golden.Json.TryGetProperty("token_embedding_formula", out JsonElement formula))
        {
            parameters["text_encoder.token_embedding.weight"] = TextTowerFromCase.Embedding(formula, towers.VocabularySize, towers.TextWidth);
        }

        StateLoader.Load(model, parameters, golden.JsonPath);
        model.eval();
        return model;
    }
}
