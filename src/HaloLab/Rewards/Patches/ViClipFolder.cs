using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Clip;
using HaloLab.Models.ViClip;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// ViCLIP from a folder with its published checkpoint (one <c>.pth</c>, <c>.pt</c> or <c>.safetensors</c>). Sizes are read off the tensors; heads are 64 wide, as
/// published, unless a <c>config.json</c> beside it says <c>vision_heads</c> and <c>text_heads</c>.
/// </summary>
internal static class ViClipFolder
{
    private const int PublishedHeadWidth = 64;
    private const string ConfigFile = "config.json";

    /// <summary>Reads the model.</summary>
    /// <returns>The model, and the files that it depends on with their SHA-256.</returns>
    /// <exception cref="InputException">A file is missing, or the tensors are not ViCLIP's.</exception>
    public static (ViClipModel Model, IReadOnlyDictionary<string, string> Hashes) Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{folder}: no such folder. Expected the folder of ViCLIP's checkpoint.");
        }

        using IWeightFile file = WeightFiles.Open(folder);
        const string Wrapper = "model.";
        using RenamedWeights weights = new(file, name => name.StartsWith(Wrapper, StringComparison.Ordinal) ? name[Wrapper.Length..] : name);
        string configPath = Path.Combine(folder, ConfigFile);
        Heads heads = File.Exists(configPath) ? ConfigurationFile.Read<Heads>(ConfigurationFile.Open(configPath), configPath, "ViCLIP's heads", "checkpoint's") : new Heads(null, null);
        ViClipModel model = new(Options(weights, heads));
        StateLoader.Load(model, weights);
        string[] files = File.Exists(configPath) ? [file.Source, configPath] : [file.Source];
        return (model, files.ToDictionary(path => Path.GetFileName(path), path => FileHash.Of(path)));
    }

    private static ViClipOptions Options(RenamedWeights file, Heads heads)
    {
        IReadOnlyList<long> kernel = Shape("vision_encoder.conv1.weight", 5);
        int width = (int)kernel[0];
        int patch = (int)kernel[4];
        int side = (int)Math.Round(Math.Sqrt(Shape("vision_encoder.positional_embedding", 2)[0] - 1));
        IReadOnlyList<long> table = Shape("text_encoder.token_embedding.weight", 2);
        ClipOptions towers = new()
        {
            EmbeddingWidth = (int)Shape("vision_encoder.proj", 2)[1],
            ImageSize = side * patch,
            PatchSize = patch,
            VisionLayers = Blocks("vision_encoder."),
            VisionWidth = width,
            VisionHeads = HeadsOf(heads.VisionHeads, width, "vision_heads"),
            TextLayers = Blocks("text_encoder."),
            TextWidth = (int)table[1],
            TextHeads = HeadsOf(heads.TextHeads, (int)table[1], "text_heads"),
            VocabularySize = (int)table[0],
            ContextLength = (int)Shape("text_encoder.positional_embedding", 2)[0],
        };
        return new ViClipOptions { Towers = towers, Frames = (int)Shape("vision_encoder.temporal_positional_embedding", 3)[1] };

        IReadOnlyList<long> Shape(string name, int axes) => file.Entries.TryGetValue(name, out WeightEntry? entry) && entry.Shape.Count == axes
            ? entry.Shape
            : throw new InputException($"{file.Source}: has no tensor '{name}' with {axes} axes, so it is no checkpoint of ViCLIP. Expected ViClip-InternVid-10M-FLT.pth or another in its layout.");

        int Blocks(string tower) => file.Entries.Keys.Count(name => name.StartsWith(tower, StringComparison.Ordinal) && name.EndsWith(".ln_1.weight", StringComparison.Ordinal));

        int HeadsOf(int? given, int tokens, string field)
        {
            int count = given ?? tokens / PublishedHeadWidth;
            return count >= 1 && tokens % count == 0
                ? count
                : throw new InputException($"{file.Source}: {count} attention heads do not divide a width of {tokens}. Give their number as {field} in {ConfigFile} beside it.");
        }
    }

    /// <param name="VisionHeads">Attention heads of the vision tower; null for the published width.</param>
    /// <param name="TextHeads">Attention heads of the text tower, likewise.</param>
    private sealed record Heads(int? VisionHeads, int? TextHeads);
}
