using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;

namespace HaloLab.Models.Wan;

/// <summary>
/// Wan2.1 text to video as its authors publish it (Wan-AI/Wan2.1-T2V-1.3B): the transformer's <c>config.json</c> and safetensors beside the autoencoder and the
/// text encoder as files of <c>torch.save</c>. Sizes that its program has in code are read off the tensors' shapes.
/// </summary>
public sealed class WanOriginalFolder : ModelFolder
{
    private const string TextToVideo = "t2v";

    // Its program's default for text to video (generate.py, --sample_shift); diffusers' folder of the same model says 3.
    private const double Shift = 5;

    private readonly string _configuration;
    private readonly string _autoencoder;
    private readonly string _textEncoder;

    private WanOriginalFolder(string path)
        : base(path)
    {
        _configuration = System.IO.Path.Combine(path, "config.json");
        _autoencoder = System.IO.Path.Combine(path, AutoencoderFile);
        _textEncoder = Directory.GetFiles(path, TextEncoderFiles).Order(StringComparer.Ordinal).FirstOrDefault()
            ?? throw new InputException($"{path}: holds no {TextEncoderFiles}. Expected Wan2.1's folder with all its files.");
    }

    public override string Pipeline => "WanPipeline";

    public override string TokenizerFile => System.IO.Path.Combine(Path, "google", "umt5-xxl", "spiece.model");

    private const string AutoencoderFile = "Wan2.1_VAE.pth";
    private const string TextEncoderFiles = "models_t5_umt5-*.pth";

    /// <summary>Whether a folder looks like one.</summary>
    public static bool IsOne(string path) => File.Exists(System.IO.Path.Combine(path, AutoencoderFile));

    /// <exception cref="InputException">A file is missing, or it is no model from text to video.</exception>
    public static WanOriginalFolder Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        WanOriginalFolder folder = new(path);
        JsonElement json = ConfigurationFile.Open(folder._configuration);
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("model_type", out JsonElement type) && type.ValueEquals(TextToVideo)
            ? folder
            : throw new InputException($"{folder._configuration}: model_type is not '{TextToVideo}'. Only text-to-video models are built: take a T2V folder.");
    }

    private protected override (JsonElement Json, string Source) Configuration(string part)
    {
        (JsonObject json, string source) = part switch
        {
            "transformer" => (Transformer(), _configuration),
            "vae" => (Read(part, Autoencoder), _autoencoder),
            "text_encoder" => (Read(part, TextEncoder), _textEncoder),
            _ => (new JsonObject { ["_class_name"] = "UniPCMultistepScheduler", ["flow_shift"] = Shift }, Path),
        };
        return (JsonSerializer.SerializeToElement(json), source);
    }

    private protected override T Read<T>(string part, Func<IWeightFile, T> use)
    {
        (string path, KeyMap map) = part switch
        {
            "transformer" => (Path, WanKeyMaps.Transformer),
            "vae" => (_autoencoder, WanKeyMaps.Autoencoder),
            _ => (_textEncoder, WanKeyMaps.TextEncoder),
        };
        using IWeightFile file = WeightFiles.Open(path);

        // A name that the table does not have stays as it is and is reported as unexpected.
        using RenamedWeights renamed = new(file, name => map.ToDiffusers(name) ?? name);
        return use(renamed);
    }

    private protected override IEnumerable<string> Files() => [_configuration, .. Directory.GetFiles(Path, "*.safetensors*"), _autoencoder, _textEncoder, TokenizerFile];

    private JsonObject Transformer()
    {
        JsonElement json = ConfigurationFile.Open(_configuration);
        (long width, long heads) = (Field("dim"), Field("num_heads"));
        if (heads < 1 || width % heads != 0)
        {
            throw new InputException($"{_configuration}: dim is {width} and num_heads {heads}, expected a multiple of it.");
        }

        (long[] patch, long text) = Read("transformer", file => (ShapeOf(file, "patch_embedding.weight")[2..], ShapeOf(file, "condition_embedder.text_embedder.linear_1.weight")[1]));
        return new JsonObject
        {
            ["patch_size"] = new JsonArray([.. patch.Select(size => JsonValue.Create(size))]),
            ["num_attention_heads"] = heads,
            ["attention_head_dim"] = width / heads,
            ["in_channels"] = Field("in_dim"),
            ["out_channels"] = Field("out_dim"),
            ["text_dim"] = text,
            ["freq_dim"] = Field("freq_dim"),
            ["ffn_dim"] = Field("ffn_dim"),
            ["num_layers"] = Field("num_layers"),
            ["eps"] = json.TryGetProperty("eps", out JsonElement eps) && eps.ValueKind == JsonValueKind.Number ? eps.GetDouble() : new WanConfig().Eps,
        };

        long Field(string name) => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            ? number
            : throw new InputException($"{_configuration}: {name} is missing or no whole number. Expected the config.json that is published beside Wan2.1's transformer.");
    }

    private static JsonObject Autoencoder(IWeightFile file)
    {
        // An encoder level is two residual blocks and, but for the last, a step down: places 0, 1, (2), 3, 4, (5), …
        const int Steps = 3;
        long channels = ShapeOf(file, "encoder.conv_in.weight")[0];
        List<long> factors = [];
        List<bool> halvesTime = [];
        for (int place = 0; file.Entries.TryGetValue(FormattableString.Invariant($"encoder.down_blocks.{place}.conv2.weight"), out WeightEntry? entry); place += Steps)
        {
            factors.Add(entry.Shape[0] / channels);
            halvesTime.Add(file.Entries.ContainsKey(FormattableString.Invariant($"encoder.down_blocks.{place + Steps - 1}.time_conv.weight")));
        }

        return new JsonObject
        {
            ["base_dim"] = channels,
            ["z_dim"] = ShapeOf(file, "post_quant_conv.weight")[0],
            ["dim_mult"] = new JsonArray([.. factors.Select(factor => JsonValue.Create(factor))]),
            ["temperal_downsample"] = new JsonArray([.. halvesTime.SkipLast(1).Select(halves => JsonValue.Create(halves))]),
        };
    }

    private static JsonObject TextEncoder(IWeightFile file)
    {
        const string Attention = "encoder.block.0.layer.0.SelfAttention";
        long[] table = ShapeOf(file, "shared.weight");
        long[] positions = ShapeOf(file, $"{Attention}.relative_attention_bias.weight");
        int layers = 0;
        while (file.Entries.ContainsKey(FormattableString.Invariant($"encoder.block.{layers}.layer.0.SelfAttention.q.weight")))
        {
            layers++;
        }

        return new JsonObject
        {
            ["vocab_size"] = table[0],
            ["d_model"] = table[1],
            ["relative_attention_num_buckets"] = positions[0],
            ["num_heads"] = positions[1],
            ["d_kv"] = ShapeOf(file, $"{Attention}.q.weight")[0] / positions[1],
            ["d_ff"] = ShapeOf(file, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight")[0],
            ["num_layers"] = layers,
        };
    }

    private static long[] ShapeOf(IWeightFile file, string key) => file.Entries.TryGetValue(key, out WeightEntry? entry)
        ? [.. entry.Shape]
        : throw new InputException($"{file.Source}: has no tensor that would be {key}. Expected the file that is published with Wan2.1.");
}
