using HaloLab.Models.Layers;
using HaloLab.Statistics;
using HaloLab.Videos;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Dino;

/// <summary>
/// DINO's vision transformer (Caron et al. 2021, arXiv 2104.14294): pictures of any size to the class token's state. Keys of the state are those of
/// facebookresearch/dino.
/// </summary>
public sealed class DinoVision : Module<Tensor, Tensor>, IInitialised
{
    internal const double Epsilon = 1e-6;

    /// <summary>Upstream adds this to the number of patches before it divides, against rounding down; the coordinates of the interpolation follow it.</summary>
    private const double Excess = 0.1;

    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    public readonly DinoPatches patch_embed;
    public readonly Parameter cls_token;
    public readonly Parameter pos_embed;
    public readonly ModuleList<DinoBlock> blocks;
    public readonly LayerNorm norm;

    public DinoVision(DinoOptions options)
        : base(nameof(DinoVision))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        int side = options.ImageSize / options.PatchSize;
        patch_embed = new(options.PatchSize, options.Width);
        cls_token = Parameter(empty(1, 1, options.Width));
        pos_embed = Parameter(empty(1, (side * side) + 1, options.Width));
        blocks = ModuleList(Enumerable.Range(0, options.Layers).Select(_ => new DinoBlock(options.Width, options.Heads)).ToArray());
        norm = LayerNorm(options.Width, Epsilon);
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public DinoOptions Options { get; }

    /// <summary>Pictures as VBench gives them: the smaller side to <paramref name="size"/>, bilinear without smoothing, the ratio of the sides kept, nothing cut off.</summary>
    /// <param name="frames_NCHW">RGB grey levels 0 to 255 of any type.</param>
    /// <param name="size">Smaller side.</param>
    public static Tensor Preprocess(Tensor frames_NCHW, int size)
    {
        ArgumentNullException.ThrowIfNull(frames_NCHW);
        using var scope = NewDisposeScope();
        (int height, int width) = PictureResizing.SmallerSide((int)frames_NCHW.shape[2], (int)frames_NCHW.shape[3], size);
        Tensor resized_NCHW = PictureResizing.Resize(frames_NCHW.to(ScalarType.Float32), height, width, ResizeFilter.Bilinear, smooths: false);
        return PictureResizing.Normalise(resized_NCHW, Mean, Deviation).MoveToOuterDisposeScope();
    }

    /// <summary>The class token after the last norm.</summary>
    /// <param name="pixels_NCHW">Normalised pictures of any size from one patch on.</param>
    /// <returns>N × <see cref="DinoOptions.Width"/>.</returns>
    public override Tensor forward(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NMC = Tokens(pixels_NCHW);
        foreach (DinoBlock block in blocks)
        {
            hidden_NMC = block.call(hidden_NMC);
        }

        return norm.call(hidden_NMC).select(1, 0).MoveToOuterDisposeScope();
    }

    /// <summary>What goes into the first block.</summary>
    internal Tensor Tokens(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor patches_NMC = patch_embed.call(pixels_NCHW);
        Tensor class_N1C = cls_token.expand(patches_NMC.shape[0], -1, -1);
        return cat([class_N1C, patches_NMC], 1).add(Positions((int)pixels_NCHW.shape[2], (int)pixels_NCHW.shape[3])).MoveToOuterDisposeScope();
    }

    /// <summary>Positions for a picture of that size: those of training, or interpolated between them.</summary>
    internal Tensor Positions(int height, int width)
    {
        int side = Options.ImageSize / Options.PatchSize;
        (int rows, int columns) = (height / Options.PatchSize, width / Options.PatchSize);
        if (rows * columns == side * side && height == width)
        {
            return pos_embed.alias();
        }

        using var scope = NewDisposeScope();
        Tensor grid_CHW = pos_embed.narrow(1, 1, side * side).view(side, side, -1).permute(2, 0, 1);
        Tensor resized_Chw = PictureResizing.Apply(grid_CHW, Axis(rows), Axis(columns));
        return cat([pos_embed.narrow(1, 0, 1), resized_Chw.flatten(1).t().unsqueeze(0)], 1).MoveToOuterDisposeScope();

        double[,] Axis(int patches) => PictureResizing.Weights(side, patches, ResizeFilter.Bicubic, smooths: false, side / (patches + Excess));
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        Initialisation.Normal(cls_token, 0.02, streamOf(nameof(cls_token)));
        Initialisation.Normal(pos_embed, 0.02, streamOf(nameof(pos_embed)));
    }
}
