using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>A change to a clip or its prompt that a scorer should notice.</summary>
public enum ClipControl
{
    /// <summary>The clip and its own prompt.</summary>
    None,

    /// <summary>The prompt of another clip.</summary>
    OtherPrompt,

    /// <summary>The frames in random order.</summary>
    ShuffledFrames,

    /// <summary>The frames from the last to the first.</summary>
    ReversedTime,

    /// <summary>As many black frames.</summary>
    BlackVideo,
}

/// <summary>Makes the changed clips.</summary>
internal static class ClipControls
{
    /// <summary>All changes.</summary>
    public static IReadOnlyList<ClipControl> All { get; } = [.. Enum.GetValues<ClipControl>().Where(control => control != ClipControl.None)];

    /// <summary>The clip with a change; prompts are changed by whoever names them.</summary>
    public static VideoClip Apply(ClipControl control, VideoClip clip) => control switch
    {
        ClipControl.ShuffledFrames => Frames(clip, Shuffled(clip.Frames)),
        ClipControl.ReversedTime => Frames(clip, [.. Enumerable.Range(0, clip.Frames).Reverse()]),
        ClipControl.BlackVideo => new VideoClip(new byte[clip.Pixels.Length], clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond),
        _ => clip,
    };

    private static int[] Shuffled(int frames)
    {
        int[] order = [.. Enumerable.Range(0, frames)];
        new RandomStream(0, "shuffled frames", frames).Shuffle(order);
        return order;
    }

    private static VideoClip Frames(VideoClip clip, int[] order)
    {
        byte[] pixels = new byte[clip.Pixels.Length];
        int frameBytes = pixels.Length / clip.Frames;
        for (int i = 0; i < order.Length; i++)
        {
            clip.Frame(order[i]).CopyTo(pixels.AsSpan(i * frameBytes));
        }

        return new VideoClip(pixels, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);
    }
}
