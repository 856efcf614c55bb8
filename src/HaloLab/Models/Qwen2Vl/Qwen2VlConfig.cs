using System.Text.Json;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Sizes and special tokens of Qwen2-VL, as in the published <c>config.json</c>. The defaults are those of the 2B model.</summary>
public sealed record Qwen2VlConfig
{
    public int VocabSize { get; init; } = 151936;

    /// <summary>Width of the decoder.</summary>
    public int HiddenSize { get; init; } = 1536;

    /// <summary>Inner width of the feed-forward part.</summary>
    public int IntermediateSize { get; init; } = 8960;

    public int NumHiddenLayers { get; init; } = 28;

    /// <summary>Heads of queries.</summary>
    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>Heads of keys and values; each serves the same number of consecutive heads of queries.</summary>
    public int NumKeyValueHeads { get; init; } = 2;

    public double RmsNormEps { get; init; } = 1e-6;

    public double RopeTheta { get; init; } = 1e6;

    /// <summary>Most tokens of a text with its videos.</summary>
    public int MaxPositionEmbeddings { get; init; } = 32768;

    public Qwen2VlRopeScaling RopeScaling { get; init; } = new();

    /// <summary>Whether the head shares the embedding's weights and has none in the file.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Set in no published Qwen2-VL, and not built.</summary>
    public bool UseSlidingWindow { get; init; }

    /// <summary>Stands where a token of an image goes.</summary>
    public int ImageTokenId { get; init; } = 151655;

    /// <summary>Stands where a token of a video goes.</summary>
    public int VideoTokenId { get; init; } = 151656;

    /// <summary>Fills up rows of a batch; null where the file names none.</summary>
    public int? PadTokenId { get; init; }

    public Qwen2VlVisionConfig VisionConfig { get; init; } = new();

    /// <summary>Width of one head.</summary>
    public int HeadWidth => HiddenSize / NumAttentionHeads;

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static Qwen2VlConfig FromJson(JsonElement json, string source)
    {
        Qwen2VlConfig config = ConfigurationFile.Read<Qwen2VlConfig>(json, source, "Qwen2-VL", "model's");
        Qwen2VlVisionConfig vision = config.VisionConfig;
        ConfigurationFile.RequireAtLeast(
            source,
            ("vocab_size", config.VocabSize, 1),
            ("hidden_size", config.HiddenSize, 1),
            ("intermediate_size", config.IntermediateSize, 1),
            ("num_hidden_layers", config.NumHiddenLayers, 1),
            ("num_attention_heads", config.NumAttentionHeads, 1),
            ("num_key_value_heads", config.NumKeyValueHeads, 1),
            ("max_position_embeddings", config.MaxPositionEmbeddings, 1),
            ("vision_config.depth", vision.Depth, 1),
            ("vision_config.num_heads", vision.NumHeads, 1),
            ("vision_config.patch_size", vision.PatchSize, 1),
            ("vision_config.spatial_merge_size", vision.SpatialMergeSize, 1),
            ("vision_config.temporal_patch_size", vision.TemporalPatchSize, 1));
        ConfigurationFile.Require(
            source,
            ("num_attention_heads", config.HiddenSize % config.NumAttentionHeads == 0 && config.HeadWidth % 2 == 0, "a divisor of hidden_size into heads of even width"),
            ("num_key_value_heads", config.NumAttentionHeads % config.NumKeyValueHeads == 0, "a divisor of num_attention_heads"),
            ("rope_scaling.mrope_section", config.RopeScaling.MropeSection.Count == 3 && config.RopeScaling.MropeSection.Sum() == config.HeadWidth / 2, "three numbers whose sum is half a head"),
            ("vision_config.num_heads", vision.EmbedDim % (4 * vision.NumHeads) == 0, "heads whose width is a multiple of 4"),
            ("vision_config.hidden_size", vision.HiddenSize == config.HiddenSize, "the decoder's hidden_size"),
            ("use_sliding_window", !config.UseSlidingWindow, "false: other models are not built"));
        return config;
    }
}
