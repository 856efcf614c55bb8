using System.Text.Json;

namespace HaloLab.Models.Wan;

/// <summary>Sizes of Wan2.1's autoencoder, as in the <c>config.json</c> of the published diffusers folders. The defaults are the published ones.</summary>
public sealed record WanVaeConfig
{
    /// <summary>Channels at full size; each level has this times its factor in <see cref="DimMult"/>.</summary>
    public int BaseDim { get; init; } = 96;

    /// <summary>Latent channels.</summary>
    public int ZDim { get; init; } = 16;

    public IReadOnlyList<int> DimMult { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of an encoder level; a decoder level has one more.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>For each step down from an encoder level whether it halves the frame rate as well. (Upstream's spelling.)</summary>
    public IReadOnlyList<bool> TemperalDownsample { get; init; } = [false, true, true];

    /// <summary>Mean of each latent channel, taken off by <see cref="WanAutoencoder.Encode"/>.</summary>
    public IReadOnlyList<double> LatentsMean { get; init; } =
        [-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921];

    /// <summary>Standard deviation of each latent channel, divided by.</summary>
    public IReadOnlyList<double> LatentsStd { get; init; } =
        [2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.916];

    /// <summary>Set in later models only, which are not built.</summary>
    public bool IsResidual { get; init; }

    /// <summary>Set in later models only, which are not built.</summary>
    public int? PatchSize { get; init; }

    /// <summary>Frames for each latent frame after the first, 4 in the published model.</summary>
    public int TemporalStride => 1 << TemperalDownsample.Count(halves => halves);

    /// <summary>Pixels for each latent pixel, along each side.</summary>
    public int SpatialStride => 1 << (DimMult.Count - 1);

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or describes a model that is not built.</exception>
    public static WanVaeConfig FromJson(JsonElement json, string source)
    {
        WanVaeConfig config = ConfigurationFile.Read<WanVaeConfig>(json, source, "Wan's autoencoder", "vae");
        ConfigurationFile.Require(
            source,
            ("base_dim", config.BaseDim >= 1, "at least 1"),
            ("z_dim", config.ZDim >= 1, "at least 1"),
            ("dim_mult", config.DimMult.Count >= 1 && config.DimMult.All(factor => factor >= 1), "factors of at least 1"),
            ("num_res_blocks", config.NumResBlocks >= 1, "at least 1"),
            ("temperal_downsample", config.TemperalDownsample.Count == config.DimMult.Count - 1, "one less than levels"),
            ("latents_mean", config.LatentsMean.Count == config.ZDim, "one number for each latent channel"),
            ("latents_std", config.LatentsStd.Count == config.ZDim && config.LatentsStd.All(value => value > 0), "one number above 0 for each latent channel"),
            ("is_residual", !config.IsResidual, "false: other models are not built"),
            ("patch_size", config.PatchSize is null, "null: other models are not built"));
        return config;
    }
}
