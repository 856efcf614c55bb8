using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation;

/// <summary>
/// The head of LPIPS (Zhang et al. 2018, arXiv 1801.03924) on given feature maps, the network before it being the caller's: learned weights over squared
/// differences of features that were scaled to length 1.
/// </summary>
public static class LpipsHead
{
    private const double Epsilon = 1e-10;
    private static readonly float[] Shift = [-0.030f, -0.088f, -0.188f];
    private static readonly float[] Scale = [0.458f, 0.448f, 0.450f];

    /// <summary>Pixels as the networks of LPIPS take them.</summary>
    /// <param name="pixels_NCHW">RGB in −1 to 1.</param>
    public static Tensor Prepare(Tensor pixels_NCHW) => PictureResizing.Standardise(pixels_NCHW, Shift, Scale);

    /// <summary>The distance that one layer sees, [N]; that of the pictures is the sum over layers.</summary>
    /// <param name="a_NCHW">Features of one picture.</param>
    /// <param name="b_NCHW">Features of the other.</param>
    /// <param name="weights_C">Learned weights of the layer's channels.</param>
    public static Tensor Layer(Tensor a_NCHW, Tensor b_NCHW, Tensor weights_C)
    {
        ArgumentNullException.ThrowIfNull(weights_C);
        using var scope = NewDisposeScope();
        Tensor Unit(Tensor x_NCHW) => x_NCHW / (x_NCHW.square().sum(1, keepdim: true).sqrt() + Epsilon);
        return ((Unit(a_NCHW) - Unit(b_NCHW)).square() * weights_C.view(1, -1, 1, 1)).sum(1).mean([1, 2]).MoveToOuterDisposeScope();
    }
}
