using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.VBench;

/// <summary>VBench's imaging quality around MUSIQ, whose network is not built: what it is shown, and what its grades (0 to 100) become.</summary>
public static class ImagingQuality
{
    private const int LargestSide = 512;
    private const double MostGrade = 100;

    /// <summary>Frames in 0 to 1, shrunk where the side that is looked at is longer than 512 pixels, bilinear, without smoothing.</summary>
    /// <param name="frames_NCHW">Grey levels 0 to 255.</param>
    /// <param name="byShorterSide">Whether the shorter side is looked at; by default, as in VBench, the longer.</param>
    public static Tensor Prepare(Tensor frames_NCHW, bool byShorterSide = false)
    {
        ArgumentNullException.ThrowIfNull(frames_NCHW);
        using var scope = NewDisposeScope();
        (int height, int width) = ((int)frames_NCHW.shape[2], (int)frames_NCHW.shape[3]);
        int side = byShorterSide ? Math.Min(height, width) : Math.Max(height, width);
        Tensor levels_NCHW = frames_NCHW.to(ScalarType.Float32);
        if (side > LargestSide)
        {
            double scale = (double)LargestSide / side;
            levels_NCHW = PictureResizing.Resize(levels_NCHW, (int)(scale * height), (int)(scale * width), ResizeFilter.Bilinear, smooths: false);
        }

        return levels_NCHW.div(255).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over clips of the mean over frames, on 0 to 1.</summary>
    /// <param name="clips">Grades of each clip's frames.</param>
    public static double Aggregate(IEnumerable<IEnumerable<double>> clips) => clips.Average(frames => frames.Average()) / MostGrade;
}
