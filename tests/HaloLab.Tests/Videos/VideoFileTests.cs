using System.Diagnostics;
using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

public sealed class VideoFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-video-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("clip.mp4", 32, 48, 12)]
    [InlineData("clip.webm", 31, 47, 12)]
    [InlineData("clip.gif", 31, 47, 10)]
    [InlineData("clip.png", 31, 47, 12)]
    [InlineData("-odd name, with: 'signs' %d.mp4", 32, 48, 8)]
    public async Task ClipSurvivesItsFile(string name, int height, int width, int rate)
    {
        Ffmpeg.Require();
        VideoClip clip = Moving(6, height, width, rate);
        string path = Path.Combine(_folder, "new folder", name);
        await VideoFile.WriteAsync(clip, path, Cancellation);
        VideoClip read = await VideoFile.ReadAsync(path, Cancellation);
        Assert.Equal((clip.Frames, clip.Height, clip.Width), (read.Frames, read.Height, read.Width));
        Assert.Equal(clip.FramesPerSecond, read.FramesPerSecond, 6);
        if (name.EndsWith(".png", StringComparison.Ordinal))
        {
            Assert.Equal(clip.ContentHash, read.ContentHash);
        }

        // Lossy formats: right frames in the right order with the right colours, a few grey levels off.
        double meanError = Enumerable.Range(0, clip.Pixels.Length).Average(i => Math.Abs(clip.Pixels[i] - read.Pixels[i]));
        Assert.InRange(meanError, 0, 6);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task RotatedVideoIsReadUpright()
    {
        Ffmpeg.Require();
        string flat = Path.Combine(_folder, "flat.mp4");
        string turned = Path.Combine(_folder, "turned.mp4");
        await VideoFile.WriteAsync(Moving(4, 32, 64, 8), flat, Cancellation);
        Run("ffmpeg", "-v", "error", "-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned);
        (VideoClip clip, string remark) = await VideoFile.ReadWithRemarkAsync(turned, Cancellation);
        Assert.Equal((64, 32), (clip.Height, clip.Width));
        Assert.Equal("The file stores its pictures turned by 90 degrees; they are read upright, 32x64 pixels.", remark);
    }

    /// <summary>Frames 5 to 9 of 20 are missing, or the last one stays for two seconds.</summary>
    [Theory]
    [InlineData("gap.mp4", 15, "its frames stand 100 to 600 ms apart; all are read, evenly at the file's average of 7.5 a second", "-vf", "select=not(between(n\\,5\\,9))", "-fps_mode", "vfr")]
    [InlineData("gap.webm", 15, "its frames stand 100 to 600 ms apart", "-vf", "select=not(between(n\\,5\\,9))", "-fps_mode", "vfr")]
    [InlineData("hold.gif", 20, "its frames stand 100 ms apart; all are read, evenly at the file's average of ", "-final_delay", "200")]
    public async Task VariableFrameRateIsRemarkedOn(string name, int frames, string expected, params string[] arguments)
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, name);
        Run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", .. arguments, path]);
        (VideoClip clip, string remark) = await VideoFile.ReadWithRemarkAsync(path, Cancellation);
        Assert.Equal(frames, clip.Frames);
        Assert.Contains("The file's frame rate varies: " + expected, remark, StringComparison.Ordinal);
    }

    /// <summary>Times in milliseconds, hundredths, or none at all (AVI) are no variable rate; nor is what was rounded to milliseconds and written anew in a finer unit.</summary>
    [Theory]
    [InlineData("clip.mp4", "30000/1001", "-video_track_timescale", "1000")]
    [InlineData("clip.mp4", "30000/1001", "-vf", "settb=1/1000,settb=1/90000", "-fps_mode", "vfr", "-enc_time_base", "1/90000")]
    [InlineData("clip.mp4", "25")]
    [InlineData("clip.webm", "30000/1001")]
    [InlineData("clip.webm", "60")]
    [InlineData("clip.mkv", "24000/1001")]
    [InlineData("clip.gif", "24")]
    [InlineData("clip.gif", "30")]
    [InlineData("clip.apng", "12")]
    [InlineData("clip.avi", "10", "-c:v", "mpeg4", "-bf", "2")]
    public async Task RoundedTimesAreNoVariableRate(string name, string rate, params string[] arguments)
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, name);
        Run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", $"testsrc=size=64x48:rate={rate}:duration=3", .. arguments, path]);
        Assert.Equal("", (await VideoFile.ReadWithRemarkAsync(path, Cancellation)).Remark);
    }

    [Theory]
    [InlineData("smpte2084", "PQ")]
    [InlineData("arib-std-b67", "HLG")]
    public async Task HighDynamicRangeIsRefusedWithTheCommandThatConvertsIt(string transfer, string name)
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, "hdr.mp4");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=8:duration=1", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", path);
        await RefusedAsync(path, $"(transfer function {transfer}, {name})");
        InputException error = await Assert.ThrowsAsync<InputException>(() => VideoFile.ReadAsync(path, Cancellation));
        string converted = Path.Combine(_folder, "converted.mp4");
        string[] command = error.Message[error.Message.IndexOf("ffmpeg -i", StringComparison.Ordinal)..].Split(' ');
        Run("ffmpeg", ["-v", "error", .. command[1..].Select(argument => argument == "IN" ? path : argument == "OUT.mp4" ? converted : argument)]);
        (VideoClip clip, string remark) = await VideoFile.ReadWithRemarkAsync(converted, Cancellation);
        Assert.Equal((8, 48, 64, ""), (clip.Frames, clip.Height, clip.Width, remark));
    }

    [Fact]
    public async Task TenThousandSmallFramesAreReadAndAVideoNamedGifIsWhatItIs()
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, "long.mp4");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:rate=25", "-frames:v", "10000", "-preset", "ultrafast", path);
        string named = Path.Combine(_folder, "named.gif");
        File.Move(path, named);
        (VideoClip clip, string remark) = await VideoFile.ReadWithRemarkAsync(named, Cancellation);
        Assert.Equal((10000, 25, ""), (clip.Frames, clip.FramesPerSecond, remark));
    }

    [Theory]
    [InlineData("cut.mp4", true)]
    [InlineData("cut.mp4", false)]
    [InlineData("cut.webm", true)]
    [InlineData("cut.gif", true)]
    [InlineData("cut.png", true)]
    public async Task TruncatedFileIsRefused(string name, bool nearTheEnd)
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, name);
        await VideoFile.WriteAsync(Moving(24, 64, 64, 10), path, Cancellation);
        byte[] bytes = await File.ReadAllBytesAsync(path, Cancellation);
        await File.WriteAllBytesAsync(path, bytes[..(nearTheEnd ? bytes.Length * 3 / 4 : 100)], Cancellation);
        await RefusedAsync(path, nearTheEnd ? "ffmpeg can read whole" : "cut.mp4: ");
    }

    [Fact]
    public async Task WhatIsNoVideoIsRefused()
    {
        Ffmpeg.Require();
        await RefusedAsync(Path.Combine(_folder, "missing.mp4"), "no such file");
        await RefusedAsync(_folder, "folder");

        string text = Path.Combine(_folder, "text.mp4");
        await File.WriteAllTextAsync(text, "not a video", Cancellation);
        await RefusedAsync(text, "text.mp4");

        string empty = Path.Combine(_folder, "empty.mp4");
        await File.WriteAllBytesAsync(empty, [], Cancellation);
        await RefusedAsync(empty, "empty.mp4", "0 bytes");

        string sound = Path.Combine(_folder, "sound.wav");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", sound);
        await RefusedAsync(sound, "no video stream");

        string noFrames = Path.Combine(_folder, "noframes.mp4");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:duration=1", "-frames:v", "0", noFrames);
        await RefusedAsync(noFrames, "noframes.mp4");

        string onlyTrack = Path.Combine(_folder, "track.mp4");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:duration=1", "-frames:v", "0", "-movflags", "empty_moov", onlyTrack);
        await RefusedAsync(onlyTrack, "holds no frames");
    }

    [Fact]
    public async Task VideoTooLargeForMemoryIsRefused()
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, "long.mp4");
        Run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=3840x2160:rate=25", "-frames:v", "45", "-preset", "ultrafast", path);
        await RefusedAsync(path, "Cut or shrink");
    }

    [Fact]
    public async Task FormatsThatCannotHoldTheClipAreRefused()
    {
        InputException odd = await Assert.ThrowsAsync<InputException>(() => VideoFile.WriteAsync(Moving(1, 31, 32, 8), Path.Combine(_folder, "odd.mp4"), Cancellation));
        Assert.Contains("even sizes", odd.Message, StringComparison.Ordinal);
        InputException unknown = await Assert.ThrowsAsync<InputException>(() => VideoFile.WriteAsync(Moving(1, 32, 32, 8), Path.Combine(_folder, "clip.avi"), Cancellation));
        Assert.Contains(".avi", unknown.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task MissingFfmpegIsSaidWithTheWayToInstallIt()
    {
        string path = Path.Combine(_folder, "some.mp4");
        await File.WriteAllTextAsync(path, "anything", Cancellation);
        string? before = Environment.GetEnvironmentVariable("PATH");
        try
        {
            Environment.SetEnvironmentVariable("PATH", _folder);
            await RefusedAsync(path, "apt-get install ffmpeg");
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", before);
        }
    }

    private static async Task RefusedAsync(string path, params string[] says)
    {
        InputException error = await Assert.ThrowsAsync<InputException>(() => VideoFile.ReadAsync(path, Cancellation));
        Assert.All(says, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void Run(string tool, params string[] arguments)
    {
        using Process process = Process.Start(tool, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>A bright square that moves over a coloured gradient.</summary>
    private static VideoClip Moving(int frames, int height, int width, double rate)
    {
        byte[] pixels = new byte[frames * height * width * 3];
        for (int frame = 0; frame < frames; frame++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    int at = ((((frame * height) + y) * width) + x) * 3;
                    bool inside = y >= 8 && y < 20 && x >= 4 + (2 * frame) && x < 16 + (2 * frame);
                    pixels[at] = inside ? (byte)230 : (byte)(x * 2);
                    pixels[at + 1] = inside ? (byte)60 : (byte)(y * 2);
                    pixels[at + 2] = inside ? (byte)40 : (byte)120;
                }
            }
        }

        return new VideoClip(pixels, frames, height, width, rate);
    }
}
