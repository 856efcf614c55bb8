using System.Text.Json;
using HaloLab.Checkpoints;
using Xunit.Sdk;
using static TorchSharp.torch;

namespace HaloLab.Tests.Goldens;

/// <summary>
/// One reference case: <c>NAME.json</c> and, where it exists, <c>NAME.safetensors</c>. Found by folder and pattern below the root that
/// HALOLAB_GOLDENS names (default: the copy in tests/goldens), so that other cases of the same format run without a change of code.
/// </summary>
public sealed class GoldenCase : IXunitSerializable
{
    private JsonDocument? _json;
    private Dictionary<string, Tensor>? _tensors;

    public GoldenCase()
    {
    }

    private GoldenCase(string jsonPath) => JsonPath = jsonPath;

    public string JsonPath { get; private set; } = "";

    public string Name => Path.GetFileNameWithoutExtension(JsonPath);

    public string Folder => Path.GetDirectoryName(JsonPath)!;

    /// <summary>The case's configuration.</summary>
    public JsonElement Json => (_json ??= JsonDocument.Parse(File.ReadAllBytes(JsonPath))).RootElement;

    /// <summary>The case's own tensors, under their full names (<c>in.x</c>, <c>out.y</c> …).</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors ??= Safetensors.Load(Path.ChangeExtension(JsonPath, ".safetensors"));

    /// <summary>The root folder of the cases.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("HALOLAB_GOLDENS") is { Length: > 0 } given
        ? Path.GetFullPath(given)
        : Path.Combine(RepositoryRoot.Path, "tests", "goldens");

    /// <summary>All cases of <c>folder/pattern.json</c>; one skipped row where the root holds none.</summary>
    /// <param name="folder">For example <c>dpo</c>.</param>
    /// <param name="patterns">File names without extension, <c>*</c> standing for anything: <c>gran_*</c>.</param>
    public static IEnumerable<TheoryDataRow<GoldenCase>> Find(string folder, params string[] patterns)
    {
        foreach (string pattern in patterns)
        {
            string directory = Path.Combine(Root, folder);
            string[] paths = Directory.Exists(directory) ? Directory.GetFiles(directory, pattern + ".json") : [];
            Array.Sort(paths, StringComparer.Ordinal);
            foreach (string path in paths)
            {
                yield return new TheoryDataRow<GoldenCase>(new GoldenCase(path));
            }

            if (paths.Length == 0)
            {
                yield return new TheoryDataRow<GoldenCase>(new GoldenCase(Path.Combine(directory, pattern + ".json"))) { Skip = $"no case {folder}/{pattern}.json in {Root}" };
            }
        }
    }

    /// <summary>The sibling case of that name.</summary>
    public GoldenCase Sibling(string name) => new(Path.Combine(Folder, name + ".json"));

    /// <summary>The tensors whose names start with <paramref name="prefix"/>, without it.</summary>
    public Dictionary<string, Tensor> WithPrefix(string prefix) =>
        Tensors.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(pair => pair.Key[prefix.Length..], pair => pair.Value);

    /// <summary>The weights under the published checkpoint's names: those of the <c>params_from</c> siblings, then the case's own.</summary>
    public Dictionary<string, Tensor> Parameters()
    {
        Dictionary<string, Tensor> parameters = [];
        if (Json.TryGetProperty("params_from", out JsonElement from))
        {
            foreach (string name in from.ValueKind == JsonValueKind.Array ? from.EnumerateArray().Select(item => item.GetString()!) : [from.GetString()!])
            {
                foreach ((string key, Tensor value) in Sibling(Path.GetFileNameWithoutExtension(name)).Parameters())
                {
                    parameters[key] = value;
                }
            }
        }

        foreach ((string key, Tensor value) in WithPrefix("param."))
        {
            parameters[key] = value;
        }

        return parameters;
    }

    public void Deserialize(IXunitSerializationInfo info) => JsonPath = info.GetValue<string>("path")!;

    public void Serialize(IXunitSerializationInfo info) => info.AddValue("path", JsonPath);

    public override string ToString() => $"{Path.GetFileName(Folder)}/{Name}";
}
