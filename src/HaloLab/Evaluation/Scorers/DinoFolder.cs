using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Dino;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// DINO from a folder with its published checkpoint (<c>dino_vitbase16_pretrain.pth</c>, or the same tensors as <c>.safetensors</c>). Sizes are read off the tensors; heads
/// are 64 wide, as published, unless a <c>config.json</c> beside it says <c>heads</c>.
/// </summary>
internal static class DinoFolder
{
    private const int PublishedHeadWidth = 64;
    private const string ConfigFile = "config.json";

    /// <summary>Reads the model.</summary>
    /// <returns>The model, and the files that it depends on with their SHA-256.</returns>
    /// <exception cref="InputException">A file is missing, or the tensors are not DINO's.</exception>
    public static (DinoVision Model, IReadOnlyDictionary<string, string> Hashes) Load(string folder)
    {
        using IWeightFile file = WeightFiles.Open(folder);
        string configPath = Path.Combine(folder, ConfigFile);
        int? heads = File.Exists(configPath) ? ConfigurationFile.Read<Sizes>(ConfigurationFile.Open(configPath), configPath, "DINO's heads", "checkpoint's").Heads : null;
        IReadOnlyList<long> kernel = Shape("patch_embed.proj.weight", 4);
        (int width, int patch) = ((int)kernel[0], (int)kernel[3]);
        int count = heads ?? width / PublishedHeadWidth;
        if (count < 1 || width % count != 0)
        {
            throw new InputException($"{file.Source}: {count} attention heads do not divide a width of {width}. Give their number as heads in {ConfigFile} beside it.");
        }

        DinoVision model = new(new DinoOptions
        {
            ImageSize = patch * (int)Math.Round(Math.Sqrt(Shape("pos_embed", 3)[1] - 1)),
            PatchSize = patch,
            Width = width,
            Layers = file.Entries.Keys.Count(name => name.EndsWith(".norm1.weight", StringComparison.Ordinal)),
            Heads = count,
        });
        StateLoader.Load(model, file);
        string[] files = heads is null ? [file.Source] : [file.Source, configPath];
        return (model, files.ToDictionary(path => Path.GetFileName(path), path => FileHash.Of(path)));

        IReadOnlyList<long> Shape(string name, int axes) => file.Entries.TryGetValue(name, out WeightEntry? entry) && entry.Shape.Count == axes
            ? entry.Shape
            : throw new InputException($"{file.Source}: has no tensor '{name}' with {axes} axes, so it is no checkpoint of DINO. Expected dino_vitbase16_pretrain.pth or another in its layout.");
    }

    /// <param name="Heads">Attention heads; null for the published width.</param>
    private sealed record Sizes(int? Heads);
}
