using System.Globalization;
using System.Text.Json;

namespace HaloLab.Videos;

/// <summary>What ffprobe says about a video stream, as it will be decoded: upright.</summary>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="FramesPerSecond">Average rate.</param>
/// <param name="Frames">How many frames the file says it has; 0 where it does not say.</param>
internal sealed record VideoStream(int Height, int Width, double FramesPerSecond, int Frames)
{
    /// <summary>Reads one entry of ffprobe's <c>streams</c>; null when it has no size.</summary>
    public static VideoStream? Parse(JsonElement stream)
    {
        if (!stream.TryGetProperty("width", out JsonElement width) || !stream.TryGetProperty("height", out JsonElement height)
            || width.GetInt32() < 1 || height.GetInt32() < 1)
        {
            return null;
        }

        bool onItsSide = Math.Abs(Rotation(stream)) % 180 == 90;
        double rate = Rate(stream, "avg_frame_rate") ?? Rate(stream, "r_frame_rate") ?? 1;
        int frames = stream.TryGetProperty("nb_frames", out JsonElement count) && int.TryParse(count.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out int said) ? said : 0;
        return onItsSide ? new VideoStream(width.GetInt32(), height.GetInt32(), rate, frames) : new VideoStream(height.GetInt32(), width.GetInt32(), rate, frames);
    }

    private static int Rotation(JsonElement stream)
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
    private static double? Rate(JsonElement stream, string name)
    {
        string[] parts = stream.TryGetProperty(name, out JsonElement text) ? text.GetString()!.Split('/') : [];
        return parts.Length == 2
            && double.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out double numerator)
            && double.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out double denominator)
            && numerator > 0 && denominator > 0 ? numerator / denominator : null;
    }
}
