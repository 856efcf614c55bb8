using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Clip;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// CLIP from a folder as OpenCLIP publishes it: <c>open_clip_config.json</c>, which alone says which activation the weights were trained with, and the weights
/// (<c>open_clip_model.safetensors</c>). LAION's aesthetic head (a linear layer, <c>sa_0_4_vit_l_14_linear.pth</c>) may lie beside them as <c>aesthetic.pth</c> or <c>aesthetic.safetensors</c>.
/// </summary>
internal static class ClipFolder
{
    private const string ConfigFile = "open_clip_config.json";
    private static readonly string[] WeightNames = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"];
    private static readonly string[] AestheticNames = ["aesthetic.safetensors", "aesthetic.pth"];

    /// <summary>Reads the model.</summary>
    /// <returns>The model, the aesthetic head where there is one, and the files that they depend on with their SHA-256.</returns>
    /// <exception cref="InputException">A file is missing, or does not fit the others.</exception>
    public static (ClipModel Model, (Tensor Weight_1D, Tensor Bias_1)? Aesthetic, IReadOnlyDictionary<string, string> Hashes) Load(string folder)
    {
        string configPath = Path.Combine(folder, ConfigFile);
        ClipOptions options = Options(configPath);
        string weights = WeightNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new InputException($"{folder}: holds neither {string.Join(" nor ", WeightNames)}. Expected CLIP's weights as OpenCLIP publishes them.");
        using IWeightFile file = WeightFiles.Open(weights);
        ClipModel model = new(options);
        StateLoader.Load(model, file);
        string? head = AestheticNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        string[] files = head is null ? [configPath, weights] : [configPath, weights, head];
        return (model, head is null ? null : Aesthetic(head, options.EmbeddingWidth), files.ToDictionary(path => Path.GetFileName(path), path => FileHash.Of(path)));
    }

    private static (Tensor Weight_1D, Tensor Bias_1) Aesthetic(string path, int width)
    {
        using IWeightFile file = WeightFiles.Open(path);
        return Is("weight", [1, width]) && Is("bias", [1]) && file.Entries.Count == 2
            ? (file.Read("weight").to(ScalarType.Float32).to(Compute.Device), file.Read("bias").to(ScalarType.Float32).to(Compute.Device))
            : throw new InputException($"{path}: expected LAION's linear head with the tensors 'weight' of 1x{width} and 'bias' of 1, for this CLIP's features of width {width}.");

        bool Is(string name, long[] shape) => file.Entries.TryGetValue(name, out WeightEntry? entry) && entry.Shape.SequenceEqual(shape);
    }

    private static ClipOptions Options(string path)
    {
        const string What = "an OpenCLIP model";
        Published published = ConfigurationFile.Read<Published>(ConfigurationFile.Open(path), path, What, "OpenCLIP");
        (Model model, Tower vision, Tower text) = published.ModelCfg is { VisionCfg: { } v, TextCfg: { } t } given ? (given, v, t) : throw new InputException($"{path}: has no model_cfg with vision_cfg and text_cfg. Expected {ConfigFile} of {What} with a vision transformer.");
        int headWidth = vision.HeadWidth ?? 64;
        ConfigurationFile.Require(
            path,
            ("embed_dim", model.EmbedDim > 0, "above 0"),
            ("vision_cfg", vision is { ImageSize: > 0, PatchSize: > 0, Layers: > 0, Width: > 0 }, "image_size, patch_size, layers and width above 0"),
            ("vision_cfg.head_width", headWidth > 0 && vision.Width % headWidth == 0, "a divisor of the width"),
            ("text_cfg", text is { Layers: > 0, Width: > 0, Heads: > 0, ContextLength: > 0, VocabSize: > 0 } && text.Width % text.Heads == 0, "layers, width, heads, context_length and vocab_size above 0, heads that divide the width"));
        return new ClipOptions
        {
            EmbeddingWidth = model.EmbedDim,
            ImageSize = vision.ImageSize!.Value,
            PatchSize = vision.PatchSize!.Value,
            VisionLayers = vision.Layers!.Value,
            VisionWidth = vision.Width!.Value,
            VisionHeads = vision.Width.Value / headWidth,
            TextLayers = text.Layers!.Value,
            TextWidth = text.Width!.Value,
            TextHeads = text.Heads!.Value,
            VocabularySize = text.VocabSize!.Value,
            ContextLength = text.ContextLength!.Value,
            QuickGelu = model.QuickGelu,
        };
    }

    private sealed record Published(Model? ModelCfg);

    private sealed record Model(int EmbedDim, bool QuickGelu, Tower? VisionCfg, Tower? TextCfg);

    private sealed record Tower(int? ImageSize, int? PatchSize, int? Layers, int? Width, int? HeadWidth, int? Heads, int? ContextLength, int? VocabSize);
}
