using System.Diagnostics;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>Reading video files into clips against ffmpeg decoding them to the same pixels and dropping them: what the pipe and the clip's memory cost.</summary>
internal static class Decoding
{
    // Seven tenths of ffmpeg's speed.
    private const double Limit = 1 / 0.7;

    /// <param name="rounds">Rounds that count; each reads every file.</param>
    /// <param name="folder">Folder of video files; null for one that is written first.</param>
    public static bool Run(int rounds, string? folder)
    {
        string temporary = Directory.CreateTempSubdirectory("halolab-decoding").FullName;
        try
        {
            string[] files = folder is null ? [Written(temporary)] : [.. Directory.GetFiles(folder, "*.mp4").Order(StringComparer.Ordinal)];
            if (files.Length == 0)
            {
                throw new InputException($"{folder}: holds no .mp4. Expected a folder of video files.");
            }

            return Paired.Compare(
                $"reading {files.Length} video files: clips / ffmpeg to nothing",
                Limit,
                rounds,
                () =>
                {
                    foreach (string file in files)
                    {
                        VideoFile.ReadAsync(file).GetAwaiter().GetResult();
                    }
                },
                () =>
                {
                    foreach (string file in files)
                    {
                        using Process process = Process.Start("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-pix_fmt", "rgb24", "-f", "rawvideo", "-y", "/dev/null"]);
                        process.WaitForExit();
                    }
                });
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Five seconds of moving stripes at the size of a generated video.</summary>
    private static string Written(string folder)
    {
        const int Frames = 120;
        const int Height = 752;
        const int Width = 1360;
        byte[] pixels = new byte[Frames * Height * Width * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int place = i / 3;
            pixels[i] = (byte)(((place % Width) + (place / Width % Height) + (3 * (place / (Width * Height)))) * (1 + (i % 3)) / 2);
        }

        string path = Path.Combine(folder, "stripes.mp4");
        VideoFile.WriteAsync(new VideoClip(pixels, Frames, Height, Width, 24), path).GetAwaiter().GetResult();
        return path;
    }
}
