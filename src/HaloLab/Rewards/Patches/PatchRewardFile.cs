using System.Text.Json;
using System.Text.Json.Serialization;

namespace HaloLab.Rewards.Patches;

/// <summary><c>patch-reward.json</c> of a patch reward model's folder: which backbone it stands on, and what its scores mean.</summary>
/// <param name="Format">Always <see cref="Current"/>.</param>
/// <param name="Backbone">Kind of the backbone.</param>
/// <param name="BackboneFolder">Its folder; relative ones start from the model's own.</param>
/// <param name="BackboneFiles">SHA-256 of its files by name: another backbone is refused.</param>
/// <param name="Training">What was trained beside the heads.</param>
/// <param name="PatchDimensions">Scores of the patch head; none where there is no such head.</param>
/// <param name="VideoScale">Units of the ratings that the video head was trained on, null where they are the backbone's own or it was trained on none.</param>
/// <param name="Files">SHA-256 of the weights beside this file.</param>
internal sealed record PatchRewardFile(
    string Format,
    string Backbone,
    string BackboneFolder,
    IReadOnlyDictionary<string, string> BackboneFiles,
    BackboneTraining Training,
    IReadOnlyList<PatchDimension> PatchDimensions,
    LabelScale? VideoScale,
    IReadOnlyDictionary<string, string> Files)
{
    public const string Name = "patch-reward.json";
    public const string Current = "halolab patch reward model 1";
    public const string HeadsFile = "heads.safetensors";
    public const string NetworkFile = "network.safetensors";
    public const string AdapterFolder = "adapter";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Reads the file of a folder and checks the weights beside it.</summary>
    /// <exception cref="InputException">There is none, it is broken or of another format, or a file beside it is another.</exception>
    public static PatchRewardFile Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected a folder that `halolab reward train` wrote.");
        }

        PatchRewardFile file;
        try
        {
            file = JsonSerializer.Deserialize<PatchRewardFile>(File.ReadAllBytes(path), Json) ?? throw new JsonException("the file holds null");
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: is no description of a patch reward model ({exception.Message}). Expected what `halolab reward train` wrote.", exception);
        }

        if (file.Format != Current)
        {
            throw new InputException($"{path}: has the format '{file.Format}', expected '{Current}'.");
        }

        string? changed = file.Files.Keys.FirstOrDefault(name => FileHash.Of(Path.Combine(folder, name), "weights of the model") != file.Files[name]);
        return changed is null ? file : throw new InputException($"{Path.Combine(folder, changed)}: is not the file that {Name} names (another SHA-256). Copy the folder again, whole.");
    }

    public void Write(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, Name), JsonSerializer.Serialize(this, Json) + "\n");
}
