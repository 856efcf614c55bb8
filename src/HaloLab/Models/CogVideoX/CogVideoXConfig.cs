using System.Text.Json;

namespace HaloLab.Models.CogVideoX;

/// <summary>Sizes of a CogVideoX text-to-video transformer, as in the <c>config.json</c> of the published diffusers folders. The defaults are those of CogVideoX-2B.</summary>
public sealed record CogVideoXConfig
{
    public int NumAttentionHeads { get; init; } = 30;

    /// <summary>Width of one head, a multiple of 16: time takes a quarter, height and width three eighths each, all in pairs.</summary>
    public int AttentionHeadDim { get; init; } = 64;

    public int InChannels { get; init; } = 16;

    public int OutChannels { get; init; } = 16;

    /// <summary>Width of the timestep's embedding.</summary>
    public int TimeEmbedDim { get; init; } = 512;

    /// <summary>Width of the text encoder's states.</summary>
    public int TextEmbedDim { get; init; } = 4096;

    public int NumLayers { get; init; } = 30;

    /// <summary>Tokens of text.</summary>
    public int MaxTextSeqLength { get; init; } = 226;

    /// <summary>Latent rows and columns that make one token.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>Latent columns that the model was trained at.</summary>
    public int SampleWidth { get; init; } = 90;

    /// <summary>Latent rows that the model was trained at.</summary>
    public int SampleHeight { get; init; } = 60;

    /// <summary>Rows and columns are divided by this before their sinusoids.</summary>
    public double SpatialInterpolationScale { get; init; } = 1.875;

    /// <summary>Frames are divided by this before their sinusoids.</summary>
    public double TemporalInterpolationScale { get; init; } = 1;

    /// <summary>Rotary positions (5B) instead of a table that is added to the tokens (2B).</summary>
    public bool UseRotaryPositionalEmbeddings { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool AttentionBias { get; init; } = true;

    /// <summary>ε of the norms but those of queries and keys.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Set in CogVideoX 1.5, which is not built.</summary>
    public int? PatchSizeT { get; init; }

    /// <summary>Set in CogVideoX 1.5's image-to-video model, which is not built.</summary>
    public int? OfsEmbedDim { get; init; }

    /// <summary>Set in image-to-video models, which are not built.</summary>
    public bool UseLearnedPositionalEmbeddings { get; init; }

    /// <summary>Width of the tokens: heads × head width.</summary>
    public int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static CogVideoXConfig FromJson(JsonElement json, string source)
    {
        CogVideoXConfig config = ConfigurationFile.Read<CogVideoXConfig>(json, source, "a CogVideoX transformer", "transformer");
        foreach ((string field, bool isSet) in new[]
        {
            ("patch_size_t", config.PatchSizeT is not null), ("ofs_embed_dim", config.OfsEmbedDim is not null), ("use_learned_positional_embeddings", config.UseLearnedPositionalEmbeddings),
        })
        {
            if (isSet)
            {
                throw new InputException($"{source}: {field} is set, so this is CogVideoX 1.5 or an image-to-video model. Only the text-to-video models 2B and 5B are built.");
            }
        }

        ConfigurationFile.RequireAtLeast(
            source,
            ("num_attention_heads", config.NumAttentionHeads, 1),
            ("attention_head_dim", config.AttentionHeadDim, 1),
            ("in_channels", config.InChannels, 1),
            ("out_channels", config.OutChannels, 1),
            ("time_embed_dim", config.TimeEmbedDim, 1),
            ("text_embed_dim", config.TextEmbedDim, 1),
            ("num_layers", config.NumLayers, 1),
            ("max_text_seq_length", config.MaxTextSeqLength, 1),
            ("patch_size", config.PatchSize, 1),
            ("sample_width", config.SampleWidth, 1),
            ("sample_height", config.SampleHeight, 1));
        return config.AttentionHeadDim % 16 == 0
            ? config
            : throw new InputException($"{source}: attention_head_dim is {config.AttentionHeadDim}, expected a multiple of 16, which positions over time, height and width need.");
    }
}
