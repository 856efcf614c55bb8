using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HaloLab.Checkpoints;

/// <summary>The part of peft's <c>LoraConfig</c> that decides what an adapter's tensors mean.</summary>
/// <param name="Rank">Rank of layers that no pattern names.</param>
/// <param name="Alpha">Alpha of layers that no pattern names.</param>
/// <param name="RankPatterns">Ranks of others by pattern: a regular expression that a layer's whole name, or its end behind a dot, matches.</param>
/// <param name="AlphaPatterns">Alphas of others, likewise.</param>
/// <param name="UseRslora">The scale is alpha / √rank (rsLoRA, Kalajdzievski 2023, arXiv 2312.03732) instead of alpha / rank.</param>
/// <param name="UseDora">Every layer has magnitudes.</param>
/// <param name="Layers">Names of the adapted layers, for writing.</param>
internal sealed record LoraSettings(
    long Rank,
    double Alpha,
    IReadOnlyDictionary<string, long> RankPatterns,
    IReadOnlyDictionary<string, double> AlphaPatterns,
    bool UseRslora,
    bool UseDora,
    IReadOnlyList<string> Layers)
{
    public long RankOf(string layer) => Of(layer, RankPatterns, Rank);

    public double ScaleOf(string layer) => Of(layer, AlphaPatterns, Alpha) / (UseRslora ? Math.Sqrt(RankOf(layer)) : RankOf(layer));

    /// <param name="json">The settings.</param>
    /// <param name="path">The file they come from, for messages.</param>
    /// <param name="prefix">What its keys begin with.</param>
    /// <exception cref="InputException">A setting is missing or of another type, or asks for what is not read.</exception>
    public static LoraSettings Parse(string json, string path, string prefix)
    {
        try
        {
            JsonObject settings = JsonNode.Parse(json)!.AsObject();
            foreach ((string key, string only) in new[] { ("bias", "\"none\""), ("fan_in_fan_out", "false"), ("lora_bias", "false"), ("modules_to_save", "null") })
            {
                if (settings[prefix + key] is { } value && value.ToJsonString() != only)
                {
                    throw new InputException($"{path}: '{prefix}{key}' is {value.ToJsonString()}; only {only} is read.");
                }
            }

            return new LoraSettings(
                settings[prefix + "r"]!.GetValue<long>(),
                settings[prefix + "lora_alpha"]!.GetValue<double>(),
                Patterns<long>("rank_pattern"),
                Patterns<double>("alpha_pattern"),
                settings[prefix + "use_rslora"]?.GetValue<bool>() ?? false,
                settings[prefix + "use_dora"]?.GetValue<bool>() ?? false,
                []);

            Dictionary<string, T> Patterns<T>(string key) => settings[prefix + key]?.AsObject().ToDictionary(item => Checked(item.Key), item => item.Value!.GetValue<T>()) ?? [];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NullReferenceException or FormatException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the adapter's settings cannot be read ({exception.Message}). Expected peft's, with at least '{prefix}r' and '{prefix}lora_alpha'.", exception);
        }
    }

    /// <summary>Settings under which every layer gets its rank and scale.</summary>
    public static LoraSettings Of(IReadOnlyDictionary<string, LoraLayer> layers)
    {
        long rank = layers.Values.CountBy(layer => (long)layer.Rank).MaxBy(item => item.Value).Key;
        double alpha = layers.Values.CountBy(Alpha).MaxBy(item => item.Value).Key;
        return new LoraSettings(
            rank,
            alpha,
            layers.Where(item => item.Value.Rank != rank).ToDictionary(item => Regex.Escape(item.Key), item => (long)item.Value.Rank),
            layers.Where(item => Alpha(item.Value) != alpha).ToDictionary(item => Regex.Escape(item.Key), item => Alpha(item.Value)),
            UseRslora: false,
            layers.Values.Any(layer => layer.Magnitude is not null),
            [.. layers.Keys]);

        static double Alpha(LoraLayer layer) => layer.Scale * layer.Rank;
    }

    public JsonObject ToJson() => new()
    {
        ["alpha_pattern"] = JsonSerializer.SerializeToNode(AlphaPatterns),
        ["base_model_name_or_path"] = null,
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["inference_mode"] = true,
        ["init_lora_weights"] = true,
        ["lora_alpha"] = Alpha,
        ["lora_dropout"] = 0.0,
        ["modules_to_save"] = null,
        ["peft_type"] = "LORA",
        ["r"] = Rank,
        ["rank_pattern"] = JsonSerializer.SerializeToNode(RankPatterns),
        ["target_modules"] = JsonSerializer.SerializeToNode(Layers),
        ["task_type"] = null,
        ["use_dora"] = UseDora,
        ["use_rslora"] = UseRslora,
    };

    private static string Checked(string key)
    {
        _ = Pattern(key);
        return key;
    }

    private static T Of<T>(string layer, IReadOnlyDictionary<string, T> patterns, T otherwise) =>
        patterns.FirstOrDefault(item => Pattern(item.Key).IsMatch(layer)) is { Key: not null } found ? found.Value : otherwise;

    // A pattern comes from a stranger's file: an engine that cannot be made to run for hours.
    private static Regex Pattern(string key) => new($@"^(?:.*\.)?(?:{key})$", RegexOptions.NonBacktracking);
}
