using System.Text.Json;

namespace HaloLab.Videos;

/// <summary>How far the frames of a file stand apart, as its packets say.</summary>
/// <param name="Shortest">Shortest time from one frame to the next in seconds.</param>
/// <param name="Longest">Longest such time in seconds.</param>
/// <param name="Tick">Unit of the file's times in seconds.</param>
internal sealed record FrameTimes(double Shortest, double Longest, double Tick)
{
    /// <summary>The coarsest unit that a format rounds times to: GIF's. Coarser ones are a frame rate's own, and nothing was rounded.</summary>
    private const double CoarsestRounding = 0.01;

    /// <summary>Milliseconds that a file was once rounded to stay when it is written anew in a finer unit; a little more is allowed, for those who time frames by a clock.</summary>
    private const double Rounding = 0.002;

    /// <summary>Reads ffprobe's <c>packets</c> of one stream that are shown.</summary>
    /// <param name="packets">Packets with <c>pts</c> in ticks, in the order of the file.</param>
    /// <param name="tick">Unit of these times in seconds; null where it is not known.</param>
    /// <returns>Null where the file does not say when each frame is shown (AVI), or holds fewer than two.</returns>
    public static FrameTimes? Parse(IReadOnlyList<JsonElement> packets, double? tick)
    {
        long[] times = [.. packets.Where(packet => packet.TryGetProperty("pts", out _)).Select(packet => packet.GetProperty("pts").GetInt64()).Order()];
        if (tick is not { } unit || times.Length < packets.Count || times.Length < 2)
        {
            return null;
        }

        long[] gaps = [.. times.Zip(times.Skip(1), (earlier, later) => later - earlier)];
        return new FrameTimes(gaps.Min() * unit, gaps.Max() * unit, unit);
    }

    /// <summary>Whether all frames stand as far apart as a rate says, but for the rounding of times.</summary>
    /// <param name="framesPerSecond">The rate.</param>
    public bool Follow(double framesPerSecond)
    {
        double slack = Tick <= CoarsestRounding ? Math.Max(Tick, Rounding) : Rounding;
        return Longest - (1 / framesPerSecond) <= slack && (1 / framesPerSecond) - Shortest <= slack;
    }
}
