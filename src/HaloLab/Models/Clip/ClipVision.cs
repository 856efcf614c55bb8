using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>CLIP's vision transformer: patches behind a class token, whose state after the last block is the picture's feature.</summary>
public sealed class ClipVision : Module<Tensor, Tensor>, IInitialised
{
    public readonly Layers.Conv2d conv1;
    public readonly Parameter class_embedding;
    public readonly Parameter positional_embedding;
    public readonly LayerNorm ln_pre;
    public readonly ClipTransformer transformer;
    public readonly LayerNorm ln_post;
    public readonly Parameter proj;

    public ClipVision(ClipOptions options)
        : base(nameof(ClipVision))
    {
        ArgumentNullException.ThrowIfNull(options);
        int width = options.VisionWidth;
        int side = options.ImageSize / options.PatchSize;
        conv1 = new(3, width, [options.PatchSize, options.PatchSize], [options.PatchSize, options.PatchSize], hasBias: false);
        class_embedding = Parameter(empty(width));
        positional_embedding = Parameter(empty((side * side) + 1, width));
        ln_pre = LayerNorm(width);
        transformer = new(options.VisionLayers, width, options.VisionHeads, isCausal: false, options.QuickGelu);
        ln_post = LayerNorm(width);
        proj = Parameter(empty(width, options.EmbeddingWidth));
        RegisterComponents();
    }

    /// <summary>Features, not normalised.</summary>
    /// <param name="pixels_NCHW">Normalised pictures of <see cref="ClipOptions.ImageSize"/>.</param>
    /// <returns>N × <see cref="ClipOptions.EmbeddingWidth"/>.</returns>
    public override Tensor forward(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        return ln_post.call(transformer.call(Tokens(pixels_NCHW)).select(1, 0)).matmul(proj).MoveToOuterDisposeScope();
    }

    /// <summary>What goes into the first block.</summary>
    internal Tensor Tokens(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor patches_NMC = conv1.call(pixels_NCHW).flatten(2).transpose(1, 2);
        Tensor class_N1C = class_embedding.expand(patches_NMC.shape[0], 1, -1);
        return ln_pre.call(cat([class_N1C, patches_NMC], 1).add(positional_embedding)).MoveToOuterDisposeScope();
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        double scale = 1 / Math.Sqrt(class_embedding.shape[0]);
        Initialisation.Normal(class_embedding, scale, streamOf(nameof(class_embedding)));
        Initialisation.Normal(positional_embedding, scale, streamOf(nameof(positional_embedding)));
        Initialisation.Normal(proj, scale, streamOf(nameof(proj)));
    }
}
