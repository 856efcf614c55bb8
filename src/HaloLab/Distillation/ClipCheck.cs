using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>Finds clips that are not worth a question: what a broken decoder or generator leaves behind.</summary>
public static class ClipCheck
{
    // Below it a byte cannot be told from black; two frames that differ by no more are the same.
    private const int Unseen = 4;

    /// <summary>Why the clip must not be sent, or null where nothing is wrong.</summary>
    public static string? Problem(VideoClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        (byte lowest, byte highest) = (byte.MaxValue, byte.MinValue);
        foreach (byte value in clip.Pixels)
        {
            lowest = Math.Min(lowest, value);
            highest = Math.Max(highest, value);
        }

        if (highest <= Unseen)
        {
            return "black in every frame";
        }

        if (highest - lowest <= Unseen)
        {
            return "one plain colour in every frame";
        }

        return clip.Frames > 1 && Enumerable.Range(1, clip.Frames - 1).All(frame => IsSame(clip.Frame(0), clip.Frame(frame))) ? "frozen: every frame is the first" : null;
    }

    private static bool IsSame(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        for (int i = 0; i < first.Length; i++)
        {
            if (Math.Abs(first[i] - second[i]) > Unseen)
            {
                return false;
            }
        }

        return true;
    }
}
