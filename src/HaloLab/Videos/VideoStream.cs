using System.Globalization;
using System.Text.Json;

namespace HaloLab.Videos;

/// <summary>What ffprobe says about a video stream, as it will be decoded: upright.</summary>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="FramesPerSecond">Average rate.</param>
/// <param name="Frames">How many frames the file shows, by its packets.</param>
/// <param name="Rotation">Degrees by which the stored picture is turned to be upright; 0 where it is.</param>
/// <param name="Transfer">ffmpeg's name of the transfer function; empty where the file does not say.</param>
/// <param name="Times">How far its frames stand apart; null where the file does not say.</param>
internal sealed record VideoStream(int Height, int Width, double FramesPerSecond, int Frames, int Rotation, string Transfer, FrameTimes? Times)
{
    /// <summary>Bytes of a decoded frame.</summary>
    public long FrameBytes => (long)Height * Width * 3;

    /// <summary>Bytes of all frames decoded.</summary>
    public long Bytes => Frames * FrameBytes;

    /// <summary>What is done to the file's frames when it is read, a sentence each; empty when they are taken as they are stored.</summary>
    public string Remark => string.Join(" ", ((string[])[TurnRemark(), RateRemark()]).Where(text => text.Length > 0));

    /// <summary>Reads one entry of ffprobe's <c>streams</c>; null when it has no size.</summary>
    /// <param name="stream">The entry.</param>
    /// <param name="packets">ffprobe's <c>packets</c> of the stream, with <c>pts</c> and <c>flags</c>.</param>
    public static VideoStream? Parse(JsonElement stream, JsonElement packets)
    {
        if (!stream.TryGetProperty("width", out JsonElement width) || !stream.TryGetProperty("height", out JsonElement height)
            || width.GetInt32() < 1 || height.GetInt32() < 1)
        {
            return null;
        }

        int rotation = RotationOf(stream);
        bool onItsSide = Math.Abs(rotation) % 180 == 90;
        double rate = Ratio(stream, "avg_frame_rate") ?? Ratio(stream, "r_frame_rate") ?? 1;

        // D: decoded for the sake of others, and cut off by the file's edit list.
        JsonElement[] shown = [.. packets.EnumerateArray().Where(packet => !(packet.TryGetProperty("flags", out JsonElement flags) && flags.GetString()!.Contains('D', StringComparison.Ordinal)))];
        string transfer = stream.TryGetProperty("color_transfer", out JsonElement named) ? named.GetString()! : "";
        FrameTimes? times = FrameTimes.Parse(shown, Ratio(stream, "time_base"));
        return onItsSide
            ? new VideoStream(width.GetInt32(), height.GetInt32(), rate, shown.Length, rotation, transfer, times)
            : new VideoStream(height.GetInt32(), width.GetInt32(), rate, shown.Length, rotation, transfer, times);
    }

    private string TurnRemark() => Rotation == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"The file stores its pictures turned by {Math.Abs(Rotation)} degrees; they are read upright, {Width}x{Height} pixels.");

    private string RateRemark()
    {
        if (Times is null || Times.Follow(FramesPerSecond))
        {
            return "";
        }

        (string shortest, string longest) = (Milliseconds(Times.Shortest), Milliseconds(Times.Longest));
        string apart = shortest == longest ? shortest : $"{shortest} to {longest}";
        return string.Create(CultureInfo.InvariantCulture, $"The file's frame rate varies: its frames stand {apart} ms apart; all are read, evenly at the file's average of {FramesPerSecond:0.###} a second.");
    }

    private static string Milliseconds(double seconds) => (1000 * seconds).ToString("0.#", CultureInfo.InvariantCulture);

    private static int RotationOf(JsonElement stream)
    {
        if (stream.TryGetProperty("side_data_list", out JsonElement list))
        {
            foreach (JsonElement item in list.EnumerateArray())
            {
                if (item.TryGetProperty("rotation", out JsonElement rotation))
                {
                    return (int)Math.Round(rotation.GetDouble());
                }
            }
        }

        return 0;
    }

    /// <summary>Reads <c>30000/1001</c>; null for <c>0/0</c>, which means unknown.</summary>
    private static double? Ratio(JsonElement stream, string name)
    {
        string[] parts = stream.TryGetProperty(name, out JsonElement text) ? text.GetString()!.Split('/') : [];
        return parts.Length == 2
            && double.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out double numerator)
            && double.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out double denominator)
            && numerator > 0 && denominator > 0 ? numerator / denominator : null;
    }
}
