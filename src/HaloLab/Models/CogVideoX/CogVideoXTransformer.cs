using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.CogVideoX;

/// <summary>
/// The denoiser of CogVideoX text-to-video (Yang et al. 2024, arXiv 2408.06072): a transformer over text and space-time patches together. It predicts
/// the velocity. Parameters are named as in the published diffusers files; latents are [B, C, T, H, W] here, [B, T, C, H, W] there.
/// </summary>
public sealed class CogVideoXTransformer : Module<Tensor, Tensor, Tensor, Tensor>, IRecomputing
{
    internal readonly CogVideoXPatchEmbed patch_embed;
    internal readonly TwoLinears time_embedding;
    internal readonly ModuleList<CogVideoXBlock> transformer_blocks;
    internal readonly LayerNorm32 norm_final;
    internal readonly CogVideoXNormOut norm_out;
    internal readonly Linear proj_out;

    /// <summary>Allocates the weights without drawing them: load a state, or draw one with <see cref="Initialisation.Draw"/>.</summary>
    public CogVideoXTransformer(CogVideoXConfig config)
        : base(nameof(CogVideoXTransformer))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        patch_embed = new CogVideoXPatchEmbed(config);
        time_embedding = new TwoLinears(config.Width, config.TimeEmbedDim, input => functional.silu(input), staysFloat32: true);
        transformer_blocks = new ModuleList<CogVideoXBlock>([.. Enumerable.Range(0, config.NumLayers).Select(_ => new CogVideoXBlock(config))]);
        norm_final = new LayerNorm32(config.Width, config.NormEps, affine: true);
        norm_out = new CogVideoXNormOut(config);
        proj_out = new Linear(config.Width, (long)config.OutChannels * config.PatchSize * config.PatchSize);
        RegisterComponents();
    }

    /// <summary>The sizes it was built with.</summary>
    public CogVideoXConfig Config { get; }

    /// <inheritdoc/>
    public bool Recomputes { get; set; }

    /// <param name="latents_BCTHW">Noisy latents; H and W multiples of the patch size.</param>
    /// <param name="timestep_B">0 to 999.</param>
    /// <param name="text_BLD">Text states [B, L, text_embed_dim], those of padding included.</param>
    /// <returns>The predicted velocity, [B, out_channels, T, H, W].</returns>
    /// <exception cref="ArgumentException">A shape does not fit the configuration.</exception>
    public override Tensor forward(Tensor latents_BCTHW, Tensor timestep_B, Tensor text_BLD)
    {
        CheckShapes(latents_BCTHW, timestep_B, text_BLD);
        using var scope = NewDisposeScope();
        (long frames, long rows, long columns) = (latents_BCTHW.shape[2], latents_BCTHW.shape[3] / Config.PatchSize, latents_BCTHW.shape[4] / Config.PatchSize);
        (Tensor Cos, Tensor Sin)? rotary = Config.UseRotaryPositionalEmbeddings ? CogVideoXPositions.Rotary(Config, frames, rows, columns, latents_BCTHW.device) : null;
        Tensor time_BE = time_embedding.call(TimestepSinusoid.Of(timestep_B, Config.Width).to(latents_BCTHW.dtype));
        Tensor tokens_BSD = patch_embed.call(latents_BCTHW, text_BLD);
        long textLength = text_BLD.shape[1];
        Tensor text = tokens_BSD.narrow(1, 0, textLength);
        Tensor video_BSD = tokens_BSD.narrow(1, textLength, tokens_BSD.shape[1] - textLength);
        foreach (CogVideoXBlock block in transformer_blocks)
        {
            Tensor[] inputs = rotary is (Tensor cos, Tensor sin) ? [video_BSD, text, time_BE, cos, sin] : [video_BSD, text, time_BE];
            IReadOnlyList<Tensor> outputs = Recomputation.Run(Recomputes, given => Both(block.call(given[0], given[1], given[2], given.Count > 3 ? (given[3], given[4]) : null)), inputs);
            (video_BSD, text) = (outputs[0], outputs[1]);
        }

        Tensor features = proj_out.call(norm_out.call(norm_final.call(video_BSD), time_BE));
        return Unpatchify(features, frames, rows, columns).MoveToOuterDisposeScope();
    }

    private static Tensor[] Both((Tensor Video, Tensor Text) states) => [states.Video, states.Text];

    /// <summary>[B, S, C·p_h·p_w], channel first, to [B, C, T, H, W].</summary>
    private Tensor Unpatchify(Tensor features, long frames, long rows, long columns)
    {
        Tensor parts = features.view(features.shape[0], frames, rows, columns, Config.OutChannels, Config.PatchSize, Config.PatchSize);
        return parts.permute(0, 4, 1, 2, 5, 3, 6).flatten(5, 6).flatten(3, 4);
    }

    private void CheckShapes(Tensor latents_BCTHW, Tensor timestep_B, Tensor text_BLD)
    {
        long[] shape = latents_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != Config.InChannels || shape[3] % Config.PatchSize != 0 || shape[4] % Config.PatchSize != 0)
        {
            throw new ArgumentException($"Latents of shape [{string.Join(", ", shape)}]; expected [B, {Config.InChannels}, T, H, W] with H, W multiples of {Config.PatchSize}.", nameof(latents_BCTHW));
        }

        if (!timestep_B.shape.SequenceEqual([shape[0]]))
        {
            throw new ArgumentException($"Timesteps of shape [{string.Join(", ", timestep_B.shape)}]; expected [{shape[0]}], one per clip.", nameof(timestep_B));
        }

        if (text_BLD.shape is not [var batch, _, var textDim] || batch != shape[0] || textDim != Config.TextEmbedDim)
        {
            throw new ArgumentException($"Text states of shape [{string.Join(", ", text_BLD.shape)}]; expected [{shape[0]}, L, {Config.TextEmbedDim}].", nameof(text_BLD));
        }
    }
}
