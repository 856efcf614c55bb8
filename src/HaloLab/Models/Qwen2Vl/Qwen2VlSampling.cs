namespace HaloLab.Models.Qwen2Vl;

/// <summary>Which frames of a video Qwen2-VL is shown, and at what size: the whole-number rules of its published video pipeline.</summary>
public static class Qwen2VlSampling
{
    /// <summary>Sides are multiples of this: two patches of 14 pixels.</summary>
    public const int Factor = 28;

    private const int FrameFactor = 2;
    private const int LeastFrames = 4;
    private const int MostFrames = 768;
    private const double WidestRatio = 200;

    /// <summary>Number of frames for a rate: about so many a second, 4 to 768, even, never more than there are.</summary>
    /// <param name="totalFrames">Frames of the video.</param>
    /// <param name="videoRate">Frames per second of the video.</param>
    /// <param name="rate">Frames per second asked for.</param>
    /// <param name="least">Fewest frames asked for, rounded up to even.</param>
    /// <param name="most">Most frames asked for, rounded down to even; null for 768, or what there is.</param>
    /// <exception cref="InputException">The video is too short for two frames.</exception>
    public static int FrameCount(int totalFrames, double videoRate, double rate = 2, int least = LeastFrames, int? most = null)
    {
        int lower = (int)Math.Ceiling(least / (double)FrameFactor) * FrameFactor;
        int upper = (int)Math.Floor((most ?? Math.Min(MostFrames, totalFrames)) / (double)FrameFactor) * FrameFactor;
        return Checked(Math.Min(Math.Max(totalFrames / videoRate * rate, lower), upper), totalFrames);
    }

    /// <summary>Number of frames where a number is asked for: rounded to even, never more than there are.</summary>
    /// <param name="totalFrames">Frames of the video.</param>
    /// <param name="frames">Frames asked for.</param>
    /// <exception cref="InputException">The video is too short, or fewer than two are asked for.</exception>
    public static int FrameCount(int totalFrames, int frames) => Checked(frames, totalFrames);

    /// <summary>The frames: evenly from the first to the last.</summary>
    /// <param name="totalFrames">Frames of the video.</param>
    /// <param name="frames">How many are shown.</param>
    public static IReadOnlyList<int> Frames(int totalFrames, int frames)
    {
        // linspace in float32, from both ends, as PyTorch has it.
        float step = frames > 1 ? (totalFrames - 1) / (float)(frames - 1) : 0;
        return [.. Enumerable.Range(0, frames).Select(i => (int)MathF.Round(i < frames / 2 ? step * i : totalFrames - 1 - (step * (frames - 1 - i))))];
    }

    /// <summary>Largest area of a frame where none is asked for: all frames together share a budget.</summary>
    /// <param name="frames">Frames that are shown.</param>
    public static double PixelsPerFrame(int frames)
    {
        const long Patch = Factor * Factor;
        return Math.Max(Math.Min(768.0 * Patch, 24576.0 * Patch / frames * FrameFactor), Math.Floor(1.05 * 128 * Patch));
    }

    /// <summary>The nearest legal size: sides multiples of 28, the area within bounds.</summary>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="leastPixels">Smallest area.</param>
    /// <param name="mostPixels">Largest area.</param>
    /// <param name="widens">Whether sides below 28 become 28, as the video pipeline has it; the processor behind it refuses them.</param>
    /// <exception cref="InputException">One side is more than 200 times the other, too small, or there is no such size.</exception>
    public static (int Height, int Width) SmartResize(int height, int width, double leastPixels, double mostPixels, bool widens = true)
    {
        double ratio = Math.Max(height, width) / (double)Math.Max(1, Math.Min(height, width));
        if (ratio > WidestRatio || (!widens && Math.Min(height, width) < Factor))
        {
            throw new InputException($"A picture of {width}x{height} pixels cannot be shown to Qwen2-VL: {(ratio > WidestRatio ? $"one side is more than {WidestRatio} times the other" : $"a side is below {Factor}")}.");
        }

        (int high, int wide) = (Rounded(height), Rounded(width));
        if (widens)
        {
            (high, wide) = (Math.Max(Factor, high), Math.Max(Factor, wide));
        }

        if ((long)high * wide > mostPixels)
        {
            double shrink = Math.Sqrt((double)height * width / mostPixels);
            (high, wide) = ((int)Math.Floor(height / shrink / Factor) * Factor, (int)Math.Floor(width / shrink / Factor) * Factor);
        }
        else if ((long)high * wide < leastPixels)
        {
            double grow = Math.Sqrt(leastPixels / ((double)height * width));
            (high, wide) = ((int)Math.Ceiling(height * grow / Factor) * Factor, (int)Math.Ceiling(width * grow / Factor) * Factor);
        }

        // Upstream goes on with a side of 0.
        return high > 0 && wide > 0 ? (high, wide) : throw new InputException($"A picture of {width}x{height} pixels cannot be shown to Qwen2-VL within {mostPixels} pixels: a side would be 0.");
    }

    private static int Rounded(int side) => (int)Math.Round(side / (double)Factor) * Factor;

    private static int Checked(double wanted, int totalFrames)
    {
        int frames = (int)Math.Min(Math.Round(wanted / FrameFactor) * FrameFactor, totalFrames);
        return frames >= FrameFactor && frames <= totalFrames
            ? frames
            : throw new InputException($"A video of {totalFrames} frames cannot be shown to Qwen2-VL: it needs at least {FrameFactor}, and {frames} would be taken.");
    }
}
