using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.ViClip;

/// <summary>ViCLIP's vision transformer: the patches of all frames behind one class token, attended to together.</summary>
public sealed class ViClipVision : Module<Tensor, Tensor>, IInitialised
{
    public readonly Layers.Conv3d conv1;
    public readonly Parameter class_embedding;
    public readonly Parameter positional_embedding;
    public readonly Parameter temporal_positional_embedding;
    public readonly LayerNorm ln_pre;
    public readonly ClipTransformer transformer;
    public readonly LayerNorm ln_post;
    public readonly Parameter proj;

    public ViClipVision(ViClipOptions options)
        : base(nameof(ViClipVision))
    {
        ArgumentNullException.ThrowIfNull(options);
        ClipOptions towers = options.Towers;
        int width = towers.VisionWidth;
        int patch = towers.PatchSize;
        int side = towers.ImageSize / patch;
        conv1 = new(3, width, [1, patch, patch], [1, patch, patch], hasBias: false);
        class_embedding = Parameter(empty(width));
        positional_embedding = Parameter(empty((side * side) + 1, width));
        temporal_positional_embedding = Parameter(empty(1, options.Frames, width));
        ln_pre = LayerNorm(width);
        transformer = new(towers.VisionLayers, width, towers.VisionHeads, isCausal: false, towers.QuickGelu);
        ln_post = LayerNorm(width);
        proj = Parameter(empty(width, towers.EmbeddingWidth));
        RegisterComponents();
    }

    /// <summary>Features of clips, not normalised.</summary>
    /// <param name="clips_BCTHW">Normalised frames, as many as the model was made for, or one.</param>
    public override Tensor forward(Tensor clips_BCTHW)
    {
        using var scope = NewDisposeScope();
        return ln_post.call(States(clips_BCTHW).select(1, 0)).matmul(proj).MoveToOuterDisposeScope();
    }

    /// <summary>States of all tokens after the last block: the class token, then the patches, frame by frame, row by row.</summary>
    /// <param name="clips_BCTHW">As for <see cref="forward"/>.</param>
    internal Tensor States(Tensor clips_BCTHW)
    {
        long frames = clips_BCTHW.shape[2];
        long table = temporal_positional_embedding.shape[1];
        if (frames != table && frames != 1)
        {
            throw new ArgumentException($"Clips have {frames} frames; ViCLIP takes {table}, or 1.", nameof(clips_BCTHW));
        }

        using var scope = NewDisposeScope();
        Tensor patches_BTMC = conv1.call(clips_BCTHW).flatten(3).permute(0, 2, 3, 1).add(positional_embedding.narrow(0, 1, positional_embedding.shape[0] - 1));

        // One frame stands at all times at once.
        Tensor times_1TC = frames == table ? temporal_positional_embedding : temporal_positional_embedding.mean([1], keepdim: true);
        patches_BTMC = patches_BTMC.add(times_1TC.unsqueeze(2));
        Tensor class_B1C = class_embedding.add(positional_embedding[0]).expand(patches_BTMC.shape[0], 1, -1);
        Tensor tokens_BLC = ln_pre.call(cat([class_B1C, patches_BTMC.flatten(1, 2)], 1));
        return transformer.call(tokens_BLC).MoveToOuterDisposeScope();
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        double scale = 1 / Math.Sqrt(class_embedding.shape[0]);
        foreach ((string name, Parameter parameter) in new[]
        {
            (nameof(class_embedding), class_embedding), (nameof(positional_embedding), positional_embedding), (nameof(temporal_positional_embedding), temporal_positional_embedding), (nameof(proj), proj),
        })
        {
            Initialisation.Normal(parameter, scale, streamOf(name));
        }
    }
}
