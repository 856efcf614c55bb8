using System.Numerics;
using System.Text.Json;

namespace HaloLab.Models.CogVideoX;

/// <summary>Sizes of CogVideoX's autoencoder, as in the <c>config.json</c> of the published diffusers folders. The defaults are those of CogVideoX-2B.</summary>
public sealed record CogVideoXVaeConfig
{
    /// <summary>Channels of each encoder level, full size first.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [128, 256, 256, 512];

    /// <summary>Latent channels.</summary>
    public int LatentChannels { get; init; } = 16;

    /// <summary>Residual blocks of an encoder level; a decoder level has one more.</summary>
    public int LayersPerBlock { get; init; } = 3;

    /// <summary>ε of every norm.</summary>
    public double NormEps { get; init; } = 1e-6;

    /// <summary>Groups of every norm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Frames for each latent frame, a power of 2. The first steps down from full size halve the frame rate as well.</summary>
    public int TemporalCompressionRatio { get; init; } = 4;

    /// <summary>What means are multiplied by to become latents: 1.15258426 (2B), 0.7 (5B).</summary>
    public double ScalingFactor { get; init; } = 1.15258426;

    /// <summary>Pixel rows that the model was made for; a tile of <see cref="CogVideoXTiles"/> has half of them.</summary>
    public int SampleHeight { get; init; } = 480;

    /// <summary>Pixel columns that the model was made for; a tile has half of them.</summary>
    public int SampleWidth { get; init; } = 720;

    /// <summary>Set in other models, which are not built.</summary>
    public bool UseQuantConv { get; init; }

    /// <summary>Set in other models, which are not built.</summary>
    public bool UsePostQuantConv { get; init; }

    /// <summary>Set in CogVideoX 1.5, which is not built.</summary>
    public bool InvertScaleLatents { get; init; }

    /// <summary>Pixels for each latent pixel, along each side.</summary>
    public int SpatialStride => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Steps that halve the frame rate.</summary>
    internal int TimeSteps => BitOperations.Log2((uint)TemporalCompressionRatio);

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static CogVideoXVaeConfig FromJson(JsonElement json, string source)
    {
        CogVideoXVaeConfig config = ConfigurationFile.Read<CogVideoXVaeConfig>(json, source, "CogVideoX's autoencoder", "vae");
        ConfigurationFile.Require(
            source,
            ("norm_num_groups", config.NormNumGroups >= 1, "at least 1"),
            ("block_out_channels", config.BlockOutChannels.Count >= 1 && config.BlockOutChannels.All(width => width >= 1 && width % Math.Max(config.NormNumGroups, 1) == 0), "multiples of norm_num_groups"),
            ("latent_channels", config.LatentChannels >= 1, "at least 1"),
            ("layers_per_block", config.LayersPerBlock >= 1, "at least 1"),
            ("temporal_compression_ratio", config.TemporalCompressionRatio >= 1 && BitOperations.IsPow2(config.TemporalCompressionRatio) && config.TimeSteps < config.BlockOutChannels.Count, "a power of 2 with fewer halvings than levels"),
            ("sample_height", config.SampleHeight / 2 >= config.SpatialStride, FormattableString.Invariant($"at least {2 * config.SpatialStride}")),
            ("sample_width", config.SampleWidth / 2 >= config.SpatialStride, FormattableString.Invariant($"at least {2 * config.SpatialStride}")),
            ("scaling_factor", config.ScalingFactor > 0, "a number above 0"),
            ("use_quant_conv", !config.UseQuantConv, "false: other models are not built"),
            ("use_post_quant_conv", !config.UsePostQuantConv, "false: other models are not built"),
            ("invert_scale_latents", !config.InvertScaleLatents, "false: other models are not built"));
        return config;
    }
}
