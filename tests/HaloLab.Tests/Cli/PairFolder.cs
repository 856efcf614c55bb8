using HaloLab.Videos;

namespace HaloLab.Tests.Cli;

/// <summary>Small video files and pairs of them.</summary>
internal static class PairFolder
{
    /// <summary>What all of them are said to show.</summary>
    public const string Prompt = "A red circle, slowly moving left through the rain.";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Pairs in VideoAlign's columns, each twice with two spellings of its paths; the second is tied in VQ.</summary>
    public static async Task<string> Write(string folder, int count)
    {
        List<string> rows = ["path_A,path_B,prompt,VQ,MQ,TA,fps_A,num_frames_A,fps_B,num_frames_B"];
        foreach (string prefix in new[] { "", "./" })
        {
            for (int i = 1; i <= count; i++)
            {
                (string a, string b) = ($"clip-{i}-A.mp4", $"clip-{i}-B.mp4");
                await Video(folder, a, i);
                await Video(folder, b, i + 10);
                rows.Add($"{prefix}{a},{b},\"{Prompt}\",{(i == 2 ? "same" : i == 1 ? "A" : "B")},A,B,8.0,10.0,8.0,{(i == 1 ? "99.0" : "10.0")}");
            }
        }

        string path = Path.Combine(folder, "pairs.csv");
        await File.WriteAllLinesAsync(path, rows, Cancellation);
        return path;
    }

    /// <summary>A short clip whose stripes move by its seed.</summary>
    public static async Task<string> Video(string folder, string name, int seed)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            byte[] pixels = new byte[10 * 48 * 64 * 3];
            for (int i = 0; i < pixels.Length; i++)
            {
                (int frame, int column) = (i / (48 * 64 * 3), i / 3 % 64);
                pixels[i] = (byte)((column + (frame * seed)) * 4);
            }

            await VideoFile.WriteAsync(new VideoClip(pixels, 10, 48, 64, 8), path, Cancellation);
        }

        return path;
    }
}
