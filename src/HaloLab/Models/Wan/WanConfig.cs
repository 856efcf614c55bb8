using System.Text.Json;

namespace HaloLab.Models.Wan;

/// <summary>Sizes of a Wan2.1 text-to-video transformer, as in the <c>config.json</c> of the published diffusers folders.</summary>
public sealed record WanConfig
{
    /// <summary>Latent frames, rows and columns that make one token.</summary>
    public IReadOnlyList<long> PatchSize { get; init; } = [1, 2, 2];

    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>Width of one head; even, because rotary positions turn pairs.</summary>
    public int AttentionHeadDim { get; init; } = 128;

    public int InChannels { get; init; } = 16;

    public int OutChannels { get; init; } = 16;

    /// <summary>Width of the text encoder's states.</summary>
    public int TextDim { get; init; } = 4096;

    /// <summary>Length of the timestep's sinusoid.</summary>
    public int FreqDim { get; init; } = 256;

    public int FfnDim { get; init; } = 8960;

    public int NumLayers { get; init; } = 30;

    /// <summary>Whether a learned layer norm stands before the cross-attention.</summary>
    public bool CrossAttnNorm { get; init; } = true;

    /// <summary>Only <c>rms_norm_across_heads</c> is built: one norm over all heads together.</summary>
    public string QkNorm { get; init; } = SupportedQkNorm;

    /// <summary>ε of every norm.</summary>
    public double Eps { get; init; } = 1e-6;

    /// <summary>Set in image-to-video models only, which are not built.</summary>
    public int? ImageDim { get; init; }

    /// <summary>Width of the tokens: heads × head width.</summary>
    public int Width => NumAttentionHeads * AttentionHeadDim;

    private const string SupportedQkNorm = "rms_norm_across_heads";

    /// <summary>Reads the fields that are given; the others keep the values of Wan2.1-T2V-1.3B. Unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static WanConfig FromJson(JsonElement json, string source)
    {
        WanConfig config = ConfigurationFile.Read<WanConfig>(json, source, "a Wan transformer", "transformer");
        config.Check(source);
        return config;
    }

    private void Check(string source)
    {
        if (ImageDim is not null)
        {
            throw new InputException($"{source}: image_dim is set, so this is an image-to-video model. Only text-to-video models are built: take a T2V folder.");
        }

        if (QkNorm != SupportedQkNorm)
        {
            throw new InputException($"{source}: qk_norm is '{QkNorm}', expected '{SupportedQkNorm}'. No other form is built.");
        }

        if (PatchSize is not { Count: 3 } || PatchSize.Any(size => size < 1))
        {
            throw new InputException($"{source}: patch_size is not three positive numbers (frames, rows, columns), for example [1, 2, 2].");
        }

        ConfigurationFile.RequireAtLeast(
            source,
            ("num_attention_heads", NumAttentionHeads, 1),
            ("attention_head_dim", AttentionHeadDim, 1),
            ("in_channels", InChannels, 1),
            ("out_channels", OutChannels, 1),
            ("text_dim", TextDim, 1),
            ("freq_dim", FreqDim, 1),
            ("ffn_dim", FfnDim, 1),
            ("num_layers", NumLayers, 1));
        if (AttentionHeadDim % 2 != 0 || AttentionHeadDim < 6)
        {
            throw new InputException($"{source}: attention_head_dim is {AttentionHeadDim}, expected an even number from 6 on, which rotary positions over time, height and width need.");
        }

        if (FreqDim % 2 != 0)
        {
            throw new InputException($"{source}: freq_dim is {FreqDim}, expected an even number: half cosines, half sines.");
        }
    }
}
