using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.Wan;

/// <summary>
/// The denoiser of Wan2.1 text-to-video (Wan Team 2025, arXiv 2503.20314): a transformer over space-time patches with three-dimensional
/// rotary positions, cross-attention to the text and modulation by the timestep. It predicts the flow, noise − clean. Parameters are named as
/// in the published diffusers files.
/// </summary>
public sealed class WanTransformer : Module<Tensor, Tensor, Tensor, Tensor>, IInitialised, IRecomputing
{
    internal readonly Conv3d patch_embedding;
    internal readonly WanConditionEmbedder condition_embedder;
    internal readonly ModuleList<WanBlock> blocks;
    internal readonly LayerNorm32 norm_out;
    internal readonly Linear proj_out;
    internal readonly Parameter scale_shift_table;
    private readonly WanRotaryEmbedding _rotary;

    /// <summary>Allocates the weights without drawing them: load a state, or draw one with <see cref="Initialisation.Draw"/>.</summary>
    public WanTransformer(WanConfig config)
        : base(nameof(WanTransformer))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        long[] patchSize = [.. config.PatchSize];
        patch_embedding = new Conv3d(config.InChannels, config.Width, patchSize, stride: patchSize);
        condition_embedder = new WanConditionEmbedder(config);
        blocks = new ModuleList<WanBlock>([.. Enumerable.Range(0, config.NumLayers).Select(_ => new WanBlock(config))]);
        norm_out = new LayerNorm32(config.Width, config.Eps, affine: false);
        proj_out = new Linear(config.Width, config.OutChannels * patchSize.Aggregate(1L, (product, size) => product * size)) { StartsAtZero = true };
        scale_shift_table = Parameter(zeros(1, 2, config.Width));
        _rotary = new WanRotaryEmbedding(config.AttentionHeadDim);
        RegisterComponents();
    }

    /// <summary>The sizes it was built with.</summary>
    public WanConfig Config { get; }

    /// <inheritdoc/>
    public bool Recomputes { get; set; }

    /// <param name="latents_BCTHW">Noisy latents; T, H, W multiples of the patch size.</param>
    /// <param name="timestep_B">0 to 1000, fractions allowed.</param>
    /// <param name="text_BLD">Text states [B, L, text_dim], zeros after the prompt's end; they are attended to.</param>
    /// <returns>The predicted flow, [B, out_channels, T, H, W].</returns>
    /// <exception cref="ArgumentException">A shape does not fit the configuration.</exception>
    public override Tensor forward(Tensor latents_BCTHW, Tensor timestep_B, Tensor text_BLD)
    {
        CheckShapes(latents_BCTHW, timestep_B, text_BLD);
        using var scope = NewDisposeScope();
        Tensor patches_BDthw = patch_embedding.call(latents_BCTHW);
        long[] lattice_thw = patches_BDthw.shape[2..];
        (Tensor Cos, Tensor Sin) rotary = _rotary.Tables(lattice_thw[0], lattice_thw[1], lattice_thw[2], latents_BCTHW.device);
        (Tensor time_BD, Tensor time_B6D, Tensor projectedText_BLD) = condition_embedder.call(timestep_B, text_BLD);

        Tensor hidden_BSD = patches_BDthw.flatten(2).transpose(1, 2);
        foreach (WanBlock block in blocks)
        {
            hidden_BSD = Recomputation.Run(Recomputes, inputs => [block.call(inputs[0], inputs[1], inputs[2], (inputs[3], inputs[4]))], hidden_BSD, projectedText_BLD, time_B6D, rotary.Cos, rotary.Sin)[0];
        }

        Tensor[] modulation_B1D = (scale_shift_table + time_BD.to(ScalarType.Float32).unsqueeze(1)).chunk(2, dim: 1);
        Tensor features = proj_out.call(WanBlock.Modulate(norm_out.call(hidden_BSD), modulation_B1D[0], modulation_B1D[1]));
        return Unpatchify(features, lattice_thw).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Initialise(Func<string, RandomStream> streamOf) => WanBlock.DrawTable(scale_shift_table, streamOf(nameof(scale_shift_table)));

    /// <summary>[B, S, p_t·p_h·p_w·C], channel last, to [B, C, T, H, W].</summary>
    private Tensor Unpatchify(Tensor features, long[] lattice_thw)
    {
        (long patchT, long patchH, long patchW) = (Config.PatchSize[0], Config.PatchSize[1], Config.PatchSize[2]);
        Tensor parts = features.view(features.shape[0], lattice_thw[0], lattice_thw[1], lattice_thw[2], patchT, patchH, patchW, Config.OutChannels);
        return parts.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3);
    }

    private void CheckShapes(Tensor latents_BCTHW, Tensor timestep_B, Tensor text_BLD)
    {
        long[] shape = latents_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != Config.InChannels || Enumerable.Range(0, 3).Any(i => shape[2 + i] % Config.PatchSize[i] != 0))
        {
            throw new ArgumentException($"Latents of shape [{string.Join(", ", shape)}]; expected [B, {Config.InChannels}, T, H, W] with T, H, W multiples of [{string.Join(", ", Config.PatchSize)}].", nameof(latents_BCTHW));
        }

        if (!timestep_B.shape.SequenceEqual([shape[0]]))
        {
            throw new ArgumentException($"Timesteps of shape [{string.Join(", ", timestep_B.shape)}]; expected [{shape[0]}], one per clip.", nameof(timestep_B));
        }

        if (text_BLD.shape is not [var batch, _, var textDim] || batch != shape[0] || textDim != Config.TextDim)
        {
            throw new ArgumentException($"Text states of shape [{string.Join(", ", text_BLD.shape)}]; expected [{shape[0]}, L, {Config.TextDim}].", nameof(text_BLD));
        }
    }
}
