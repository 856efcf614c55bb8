using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// Adapters in the forms that are published: peft's (a folder with <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>), diffusers' (one file,
/// ranks and alphas in its metadata), and T2V-Turbo's <c>unet_lora.pt</c> (a list without names). Each is brought to layers by name.
/// </summary>
public sealed class LoraFile : IDisposable
{
    internal const string SuffixA = ".lora_A.weight";
    internal const string SuffixB = ".lora_B.weight";
    internal const string SuffixMagnitude = ".lora_magnitude_vector";

    private const string DiffusersMetadata = "lora_adapter_metadata";
    private const string PeftPrefix = "base_model.model";
    private const string PeftModel = "adapter_model.safetensors";
    private const string PeftConfig = "adapter_config.json";

    private readonly OrderedDictionary<string, LoraLayer> _layers;

    /// <param name="layers">Layers by name; the tensors become the file's.</param>
    public LoraFile(IEnumerable<KeyValuePair<string, LoraLayer>> layers) => _layers = new OrderedDictionary<string, LoraLayer>(layers);

    /// <summary>What is said about each layer, by its name in the model.</summary>
    public IReadOnlyDictionary<string, LoraLayer> Layers => _layers;

    /// <summary>
    /// Reads peft's or diffusers' form. A diffusers file without settings is taken as diffusers takes it: alpha is the rank, so the scale is 1.
    /// </summary>
    /// <param name="path">A <c>.safetensors</c> file, or peft's folder.</param>
    /// <exception cref="InputException">The file is no adapter, or of a kind that is not read (trained biases, transposed weights, saved modules).</exception>
    public static LoraFile Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string file = Directory.Exists(path) ? Path.Combine(path, PeftModel) : path;
        string config = file.EndsWith(PeftModel, StringComparison.Ordinal) ? file[..^PeftModel.Length] + PeftConfig : "";
        Dictionary<string, Tensor> tensors = Safetensors.Load(file, out Dictionary<string, string> metadata);
        try
        {
            string prefix = PrefixOf(file, [.. tensors.Keys]);
            LoraSettings? settings = metadata.TryGetValue(DiffusersMetadata, out string? text)
                ? LoraSettings.Parse(text, file, $"{prefix}.")
                : File.Exists(config) ? LoraSettings.Parse(File.ReadAllText(config), config, "") : null;
            if (settings is null && prefix == PeftPrefix)
            {
                throw new InputException($"{file}: is in peft's form, but no {PeftConfig} with its alpha lies beside it.");
            }

            return new LoraFile(LayersOf(file, tensors, prefix.Length == 0 ? "" : prefix + ".", settings));
        }
        catch
        {
            DisposeAll(tensors.Values);
            throw;
        }
    }

    /// <summary>Reads T2V-Turbo's list <c>[up0, down0, up1, down1, …]</c>, which has neither names nor alphas (scale 1).</summary>
    /// <param name="path">The <c>.pt</c> file.</param>
    /// <param name="layers">Names of the layers in the order of the list: every linear map and convolution, depth first.</param>
    /// <exception cref="InputException">The file is no such list, or not of that many layers.</exception>
    public static LoraFile LoadPositional(string path, IReadOnlyList<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        using TorchCheckpoint checkpoint = TorchCheckpoint.Open(path);
        if (checkpoint.Values.Count > 0 || !checkpoint.Tensors.Keys.SequenceEqual(Enumerable.Range(0, 2 * layers.Count).Select(i => i.ToString(CultureInfo.InvariantCulture))))
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture, $"{path}: holds {checkpoint.Tensors.Count} tensors and {checkpoint.Values.Count} other values, expected a list of {2 * layers.Count} tensors: two for each of the model's {layers.Count} layers."));
        }

        return new LoraFile(layers.Select((layer, i) => KeyValuePair.Create(
            layer,
            new LoraLayer(
                checkpoint.Read(((2 * i) + 1).ToString(CultureInfo.InvariantCulture)), checkpoint.Read((2 * i).ToString(CultureInfo.InvariantCulture)), Scale: 1))));
    }

    /// <summary>Writes diffusers' form.</summary>
    /// <param name="path">The file, <c>pytorch_lora_weights.safetensors</c> by custom.</param>
    /// <param name="component">The adapted part of the pipeline: <c>transformer</c> or <c>unet</c>.</param>
    public void SaveDiffusers(string path, string component)
    {
        JsonObject settings = [];
        foreach ((string key, JsonNode? value) in LoraSettings.Of(_layers).ToJson())
        {
            settings[$"{component}.{key}"] = value?.DeepClone();
        }

        Safetensors.Save(path, Tensors(component), new Dictionary<string, string> { ["format"] = "pt", [DiffusersMetadata] = settings.ToJsonString() });
    }

    /// <summary>Writes peft's form.</summary>
    /// <param name="folder">Gets <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>.</param>
    public void SavePeft(string folder)
    {
        JsonSerializerOptions indented = new() { WriteIndented = true };
        AtomicFile.WriteAllText(Path.Combine(folder, PeftConfig), LoraSettings.Of(_layers).ToJson().ToJsonString(indented));
        Safetensors.Save(Path.Combine(folder, PeftModel), Tensors(PeftPrefix), new Dictionary<string, string> { ["format"] = "pt" });
    }

    public void Dispose() => DisposeAll(_layers.Values.SelectMany(layer => new[] { layer.A, layer.B, layer.Magnitude }).OfType<Tensor>());

    private static void DisposeAll(IEnumerable<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            tensor.Dispose();
        }
    }

    /// <summary>What all keys begin with: peft's constant, or the part of a diffusers pipeline.</summary>
    private static string PrefixOf(string path, string[] keys)
    {
        if (keys.Length > 0 && keys.All(key => key.StartsWith(PeftPrefix + ".", StringComparison.Ordinal)))
        {
            return PeftPrefix;
        }

        string[] parts = [.. keys.Select(key => key.Split('.')[0]).Distinct()];
        return parts is [string part]
            ? part
            : throw new InputException($"{path}: adapts {(parts.Length == 0 ? "nothing" : string.Join(", ", parts.Take(8)))}, expected keys of one part of a pipeline such as 'transformer' or 'unet'.");
    }

    private static List<KeyValuePair<string, LoraLayer>> LayersOf(string path, Dictionary<string, Tensor> tensors, string prefix, LoraSettings? settings)
    {
        HashSet<string> used = [];
        List<KeyValuePair<string, LoraLayer>> layers = [];
        foreach ((string key, Tensor a) in tensors.Where(item => item.Key.EndsWith(SuffixA, StringComparison.Ordinal)))
        {
            string stem = key[..^SuffixA.Length];
            if (!tensors.TryGetValue(stem + SuffixB, out Tensor? b))
            {
                throw new InputException($"{path}: '{key}' has no '{SuffixB}' beside it.");
            }

            tensors.TryGetValue(stem + SuffixMagnitude, out Tensor? magnitude);
            if (a.dim() < 2 || b.dim() != a.dim() || b.shape[1] != a.shape[0] || b.shape.Skip(2).Any(length => length != 1) || (magnitude is not null && magnitude.NumberOfElements != b.shape[0]))
            {
                throw new InputException($"{path}: '{key}' [{string.Join(", ", a.shape)}] and its other parts [{string.Join(", ", b.shape)}] do not fit together.");
            }

            string name = stem[prefix.Length..];
            if (settings is not null && (settings.RankOf(name) != a.shape[0] || settings.UseDora != magnitude is not null))
            {
                throw new InputException(string.Create(
                    CultureInfo.InvariantCulture, $"{path}: '{key}' has rank {a.shape[0]} and {(magnitude is null ? "no" : "a")} magnitude, but its settings say rank {settings.RankOf(name)}{(settings.UseDora ? " with" : " without")} magnitudes."));
            }

            used.UnionWith([key, stem + SuffixB, stem + SuffixMagnitude]);
            layers.Add(KeyValuePair.Create(name, new LoraLayer(a, b, settings?.ScaleOf(name) ?? 1, magnitude)));
        }

        string[] unknown = [.. tensors.Keys.Where(key => !used.Contains(key)).Order(StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            throw new InputException($"{path}: {unknown.Length} keys are no part of a LoRA or DoRA adapter: {string.Join(", ", unknown.Take(8))}{(unknown.Length > 8 ? ", …" : "")}.");
        }

        return layers;
    }

    private Dictionary<string, Tensor> Tensors(string prefix)
    {
        Dictionary<string, Tensor> tensors = [];
        foreach ((string name, LoraLayer layer) in _layers)
        {
            tensors.Add($"{prefix}.{name}{SuffixA}", layer.A);
            tensors.Add($"{prefix}.{name}{SuffixB}", layer.B);
            if (layer.Magnitude is not null)
            {
                tensors.Add($"{prefix}.{name}{SuffixMagnitude}", layer.Magnitude);
            }
        }

        return tensors;
    }
}
