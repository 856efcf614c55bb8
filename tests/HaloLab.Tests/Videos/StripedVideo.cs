using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

/// <summary>A small video file of stripes that move.</summary>
internal static class StripedVideo
{
    private const int Frames = 10;
    private const int Height = 48;
    private const int Width = 64;

    /// <summary>Writes it unless it is there.</summary>
    /// <param name="path">An .mp4 file.</param>
    /// <param name="speed">Columns by which the stripes move in a frame.</param>
    /// <returns>The path.</returns>
    public static async Task<string> Write(string path, int speed)
    {
        if (!File.Exists(path))
        {
            byte[] pixels = new byte[Frames * Height * Width * 3];
            for (int i = 0; i < pixels.Length; i++)
            {
                (int frame, int column) = (i / (Height * Width * 3), i / 3 % Width);
                pixels[i] = (byte)((column + (frame * speed)) * 4);
            }

            await VideoFile.WriteAsync(new VideoClip(pixels, Frames, Height, Width, 8), path, TestContext.Current.CancellationToken);
        }

        return path;
    }
}
