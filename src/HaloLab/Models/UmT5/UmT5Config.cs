using System.Text.Json;

namespace HaloLab.Models.UmT5;

/// <summary>Sizes of a umT5 encoder, as in the <c>config.json</c> of transformers' folders. The defaults are those of umT5-XXL, which Wan2.1 reads with.</summary>
public sealed record UmT5Config
{
    public int VocabSize { get; init; } = 256384;

    /// <summary>Width of the states.</summary>
    public int DModel { get; init; } = 4096;

    /// <summary>Width of one head; heads × head width need not be the width of the states.</summary>
    public int DKv { get; init; } = 64;

    /// <summary>Inner width of the feed-forward part.</summary>
    public int DFf { get; init; } = 10240;

    public int NumLayers { get; init; } = 24;

    public int NumHeads { get; init; } = 64;

    /// <summary>Only <c>gated-gelu</c> is built.</summary>
    public string FeedForwardProj { get; init; } = Supported;

    /// <summary>Number of learned biases for the distance of two positions, half of them for each direction.</summary>
    public int RelativeAttentionNumBuckets { get; init; } = 32;

    /// <summary>Distances from here on share a bias.</summary>
    public int RelativeAttentionMaxDistance { get; init; } = 128;

    /// <summary><c>umt5</c>, or <c>t5</c> for T5 v1.1, whose first layer has the only table of position biases.</summary>
    public string ModelType { get; init; } = UmT5;

    /// <summary>ε of every norm.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    private const string Supported = "gated-gelu";
    private const string UmT5 = "umt5";
    private const string T5 = "t5";

    /// <summary>Whether all layers use the first one's table of position biases.</summary>
    internal bool SharesPositionBias => ModelType == T5;

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static UmT5Config FromJson(JsonElement json, string source)
    {
        UmT5Config config = ConfigurationFile.Read<UmT5Config>(json, source, "a umT5 encoder", "text_encoder");
        ConfigurationFile.RequireAtLeast(
            source,
            ("vocab_size", config.VocabSize, 1),
            ("d_model", config.DModel, 1),
            ("d_kv", config.DKv, 1),
            ("d_ff", config.DFf, 1),
            ("num_layers", config.NumLayers, 1),
            ("num_heads", config.NumHeads, 1),
            ("relative_attention_num_buckets", config.RelativeAttentionNumBuckets, 4),
            ("relative_attention_max_distance", config.RelativeAttentionMaxDistance, (config.RelativeAttentionNumBuckets / 4) + 1));
        if (config.ModelType is not (UmT5 or T5))
        {
            throw new InputException($"{source}: model_type is '{config.ModelType}', expected '{UmT5}' or '{T5}'.");
        }

        return config.FeedForwardProj == Supported && config.RelativeAttentionNumBuckets % 4 == 0
            ? config
            : throw new InputException($"{source}: feed_forward_proj is '{config.FeedForwardProj}' and relative_attention_num_buckets {config.RelativeAttentionNumBuckets}; only '{Supported}' and multiples of 4 are built.");
    }
}
