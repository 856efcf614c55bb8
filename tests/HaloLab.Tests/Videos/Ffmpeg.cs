namespace HaloLab.Tests.Videos;

/// <summary>The tools that video files need.</summary>
internal static class Ffmpeg
{
    /// <summary>Skips the test where they are missing.</summary>
    public static void Require()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        bool found = folders.Any(folder => File.Exists(Path.Combine(folder, "ffmpeg"))) && folders.Any(folder => File.Exists(Path.Combine(folder, "ffprobe")));
        Assert.SkipUnless(found, "ffmpeg and ffprobe are not on the PATH (apt-get install ffmpeg)");
    }
}
