using System.Text.Json;
using HaloLab.Checkpoints;

namespace HaloLab.Models;

/// <summary>A pipeline as diffusers publishes it: <c>model_index.json</c> beside a folder for each part, with its configuration and weights.</summary>
public sealed class DiffusersFolder : ModelFolder
{
    private const string IndexFile = "model_index.json";
    private const string ClassField = "_class_name";
    private const string SchedulerPart = "scheduler";
    private const string TokenizerPart = "tokenizer";

    private static readonly string[] Parts = ["text_encoder", TokenizerPart, "transformer", "vae", SchedulerPart];

    private DiffusersFolder(string path, string pipeline)
        : base(path) => Pipeline = pipeline;

    public override string Pipeline { get; }

    public override string TokenizerFile => FileOf(TokenizerPart, "spiece.model");

    /// <summary>Whether a folder says that it is one.</summary>
    public static bool IsOne(string path) => File.Exists(System.IO.Path.Combine(path, IndexFile));

    /// <exception cref="InputException">There is no such folder, or it does not say what it is.</exception>
    public static DiffusersFolder Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string index = System.IO.Path.Combine(path, IndexFile);
        if (!IsOne(path))
        {
            throw new InputException($"{path}: holds no {IndexFile}. Expected a model's folder as diffusers publishes it, with all its parts.");
        }

        JsonElement json = ConfigurationFile.Open(index);
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty(ClassField, out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? new DiffusersFolder(path, name.GetString()!)
            : throw new InputException($"{index}: has no {ClassField}, which says what pipeline this is.");
    }

    private protected override (JsonElement Json, string Source) Configuration(string part)
    {
        string file = FileOf(part, part == SchedulerPart ? "scheduler_config.json" : "config.json");
        return (ConfigurationFile.Open(file), file);
    }

    private protected override T Read<T>(string part, Func<IWeightFile, T> use)
    {
        using IWeightFile file = WeightFiles.Open(System.IO.Path.Combine(Path, part));
        return use(file);
    }

    private protected override IEnumerable<string> Files() => Parts.SelectMany(part => Directory.GetFiles(System.IO.Path.Combine(Path, part))).Prepend(System.IO.Path.Combine(Path, IndexFile));

    private string FileOf(string part, string file) => System.IO.Path.Combine(Path, part, file);
}
