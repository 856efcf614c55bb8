using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>Frames of a clip for networks that look at pictures.</summary>
internal static class VideoFrames
{
    // Pictures of a long clip do not fit into memory at once.
    private const int AtOnce = 8;

    /// <summary>Features of every frame, T × D, a few frames at a time.</summary>
    public static Tensor Features(VideoClip clip, Func<Tensor, Tensor> encode)
    {
        using var scope = NewDisposeScope();
        return cat([.. Enumerable.Range(0, clip.Frames).Chunk(AtOnce).Select(frames =>
        {
            using var batch = NewDisposeScope();
            return encode(clip.ToFrames(frames).to(Compute.Device)).MoveToOuterDisposeScope();
        })]).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the rows, as numbers.</summary>
    public static IReadOnlyList<double> Mean(Tensor features_TD) => features_TD.to(ScalarType.Float64).mean([0]).cpu().data<double>().ToArray();

    /// <summary>Mean change of a channel from frame to frame, 0 to 1 of the range of levels. Summed in whole numbers, so that long clips need no copies and lose no digits.</summary>
    /// <param name="clip">At least two frames.</param>
    public static double MeanChange(VideoClip clip)
    {
        ReadOnlySpan<byte> pixels = clip.Pixels;
        int frame = clip.Height * clip.Width * 3;
        long change = 0;
        for (int i = frame; i < pixels.Length; i++)
        {
            change += Math.Abs(pixels[i] - pixels[i - frame]);
        }

        return change / ((double)byte.MaxValue * (pixels.Length - frame));
    }

    /// <exception cref="InputException">The clip has a single frame.</exception>
    public static void RequireSeveral(VideoClip clip, string what)
    {
        if (clip.Frames < 2)
        {
            throw new InputException($"The clip has one frame, and {what} is about changes from frame to frame. Expected at least two.");
        }
    }
}
