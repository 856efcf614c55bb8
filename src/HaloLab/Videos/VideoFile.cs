using System.ComponentModel;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CliWrap;

namespace HaloLab.Videos;

/// <summary>
/// Reads and writes video files through <c>ffmpeg</c> and <c>ffprobe</c>, which must be on the PATH.
/// </summary>
/// <remarks>
/// Every stored frame is read once, upright (rotation is applied), with square pixels assumed. A file of variable frame rate keeps all its
/// frames and gets its average rate: within it, times are evened out. Both are remarked on. Videos of high dynamic range are refused: decoded as they are,
/// their colours would be wrong. Only local files are opened, whatever a file refers to.
/// </remarks>
public static partial class VideoFile
{
    /// <summary>Largest clip that is read: decoded frames lie in memory.</summary>
    public const long MaximumBytes = 1L << 30;

    /// <summary>Transfer functions of high dynamic range, by ffmpeg's names.</summary>
    private static readonly Dictionary<string, string> HighDynamicRange = new(StringComparer.Ordinal) { ["smpte2084"] = "PQ", ["arib-std-b67"] = "HLG" };

    private static readonly string[] Extensions = [".mp4", ".webm", ".gif", ".png", ".apng"];

    /// <summary>Reads the first video stream of a file, all its frames.</summary>
    /// <exception cref="InputException">
    /// No such file, no video in it, no frames, broken or truncated, of high dynamic range, larger than <see cref="MaximumBytes"/> decoded, or ffmpeg is missing.
    /// </exception>
    public static async Task<VideoClip> ReadAsync(string path, CancellationToken cancellationToken = default) =>
        (await ReadWithRemarkAsync(path, cancellationToken).ConfigureAwait(false)).Clip;

    /// <summary>Reads the first video stream of a file, all its frames, and says what was done to them.</summary>
    /// <returns>The clip; and in whole sentences what was changed (variable frame rate, rotation), empty when nothing was.</returns>
    /// <exception cref="InputException">As <see cref="ReadAsync"/>.</exception>
    public static async Task<(VideoClip Clip, string Remark)> ReadWithRemarkAsync(string path, CancellationToken cancellationToken = default)
    {
        RequireWhole(path);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<VideoStream> probing = ProbeAsync(path, cancellationToken);
        RawFrames pixels = new();

        // Decoding begins while the file is probed; what it writes waits until the probe says how much memory it needs.
        Task<string> decoding = RunAsync(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe", "-i", "file:" + path, "-map", "0:V:0",
                "-fps_mode", "passthrough", "-fs", (MaximumBytes + 1).ToString(CultureInfo.InvariantCulture), "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1",
            ],
            PipeTarget.Create(async (source, token) => await pixels.ReadAsync(source, (await probing.ConfigureAwait(false)).Bytes, token).ConfigureAwait(false)),
            stop.Token);
        VideoStream stream;
        try
        {
            stream = await probing.ConfigureAwait(false);
        }
        catch
        {
            // What the probe says is the reason, whatever ffmpeg makes of the file.
            await stop.CancelAsync().ConfigureAwait(false);
            await decoding.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
            throw;
        }

        string complaint = await decoding.ConfigureAwait(false);
        if (complaint.Length > 0)
        {
            throw Broken(path, complaint);
        }

        if (pixels.Length == 0)
        {
            throw NoFrames(path);
        }

        if (pixels.Length % stream.FrameBytes != 0)
        {
            throw Broken(path, $"{pixels.Length} bytes are not whole frames of {stream.Width}x{stream.Height}");
        }

        // Packets are no promise: some hold several frames.
        int frames = (int)(pixels.Length / stream.FrameBytes);
        if (pixels.Length > MaximumBytes)
        {
            throw TooLarge(path, stream);
        }

        return (new VideoClip(pixels.ToArray(), frames, stream.Height, stream.Width, stream.FramesPerSecond), stream.Remark);
    }

    /// <summary>
    /// Writes a clip in the format of its extension: <c>.mp4</c> (H.264), <c>.webm</c> (VP9), <c>.gif</c>, or <c>.png</c>/<c>.apng</c>
    /// (animated PNG: lossless, and the only one that needs no ffmpeg). A GIF's frame times are whole hundredths of a second.
    /// </summary>
    /// <exception cref="InputException">Another extension, an odd size for mp4, a folder that cannot be written, or ffmpeg is missing.</exception>
    public static async Task WriteAsync(VideoClip clip, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension is ".png" or ".apng")
        {
            AtomicFile.Write(path, stream => stream.Write(Apng.Encode(clip)));
            return;
        }

        string temporaryPath = Path.Combine(Path.GetTempPath(), $"halolab-{Guid.NewGuid():n}{extension}");
        try
        {
            string complaint = await RunAsync(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", $"{clip.Width}x{clip.Height}",
                    "-framerate", clip.FramesPerSecond.ToString(CultureInfo.InvariantCulture), "-i", "pipe:0", .. EncoderArguments(clip, extension, path), "file:" + temporaryPath,
                ],
                PipeTarget.Null,
                cancellationToken,
                PipeSource.FromBytes(clip.PixelMemory)).ConfigureAwait(false);
            if (complaint.Length > 0)
            {
                throw new InputException($"{path}: ffmpeg could not write it ({complaint}). Check that this ffmpeg has the encoder: ffmpeg -encoders");
            }

            AtomicFile.Write(path, stream =>
            {
                using FileStream encoded = File.OpenRead(temporaryPath);
                encoded.CopyTo(stream);
            });
        }
        finally
        {
            File.Delete(temporaryPath);
        }
    }

    private static string[] EncoderArguments(VideoClip clip, string extension, string path)
    {
        // Colours are converted and tagged as BT.709, so that players turn them back the same way.
        string[] colours = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];
        switch (extension)
        {
            case ".mp4" when (clip.Width | clip.Height) % 2 != 0:
                throw new InputException($"{path}: mp4 needs even sizes and the clip is {clip.Width}x{clip.Height}. Write .webm, .gif or .png.");
            case ".mp4":
                return [.. colours, "-c:v", "libx264", "-crf", "14", "-movflags", "+faststart"];
            case ".webm":
                return [.. colours, "-c:v", "libvpx-vp9", "-crf", "18", "-b:v", "0"];
            case ".gif":
                return ["-filter_complex", "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse=dither=none"];
            default:
                throw new InputException($"{path}: unknown video format '{extension}', expected one of {string.Join(", ", Extensions)}.");
        }
    }

    /// <summary>Refuses what shows before any program looks at it.</summary>
    private static void RequireWhole(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
        {
            throw new InputException(Directory.Exists(path) ? $"{path}: is a folder, expected a video file." : $"{path}: no such file. Give the path of a video file.");
        }

        if (new FileInfo(path).Length == 0)
        {
            throw new InputException($"{path}: is empty, 0 bytes. Give a video file.");
        }

        if (LacksTrailer(path))
        {
            throw Broken(path, "the file ends in the middle");
        }
    }

    /// <summary>What the file holds; a video that can be read and fits the memory.</summary>
    private static async Task<VideoStream> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        StringBuilder json = new();
        string complaint = await RunAsync(
            "ffprobe",
            ["-v", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "V:0", "-show_streams", "-show_entries", "packet=pts,flags", "-of", "json=c=1", "file:" + path],
            PipeTarget.ToStringBuilder(json),
            cancellationToken).ConfigureAwait(false);
        if (complaint.Length > 0)
        {
            throw Broken(path, complaint);
        }

        using JsonDocument document = JsonDocument.Parse(json.ToString());
        if (!document.RootElement.TryGetProperty("streams", out JsonElement streams) || streams.GetArrayLength() == 0)
        {
            throw new InputException($"{path}: holds no video stream. Give a video file.");
        }

        VideoStream stream = VideoStream.Parse(streams[0], document.RootElement.GetProperty("packets")) ?? throw Broken(path, "its size is unknown");
        if (HighDynamicRange.TryGetValue(stream.Transfer, out string? name))
        {
            throw new InputException(
                $"{path}: is of high dynamic range (transfer function {stream.Transfer}, {name}), and its colours, and what a model says of them, would be wrong. Convert it first, by an ffmpeg with zscale: ffmpeg -i IN -vf zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p OUT.mp4");
        }

        return stream.Frames == 0 ? throw NoFrames(path)
            : stream.Bytes > MaximumBytes ? throw TooLarge(path, stream)
            : stream;
    }

    /// <summary>Runs a tool and returns its complaint: empty when it ended well and had nothing to say.</summary>
    private static async Task<string> RunAsync(string tool, string[] arguments, PipeTarget output, CancellationToken cancellationToken, PipeSource? input = null)
    {
        StringBuilder errors = new();
        try
        {
            CommandResult result = await Cli.Wrap(tool)
                .WithArguments(arguments)
                .WithStandardInputPipe(input ?? PipeSource.Null)
                .WithStandardOutputPipe(output)
                .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken).ConfigureAwait(false);
            // ffmpeg names its parts by their place in memory, which differs from run to run.
            string complaint = MemoryPlace().Replace(errors.ToString(), "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "";
            return complaint.Length == 0 && result.ExitCode != 0 ? $"{tool} exited with {result.ExitCode}" : complaint;
        }
        catch (Win32Exception exception)
        {
            throw new InputException($"{tool} was not found, and video files cannot be read or written without it. Install it: apt-get install ffmpeg (Debian, Ubuntu), brew install ffmpeg (macOS).", exception);
        }
    }

    [GeneratedRegex(" @ 0x[0-9a-f]+", RegexOptions.CultureInvariant)]
    private static partial Regex MemoryPlace();

    private static InputException NoFrames(string path) => new($"{path}: holds no frames. Give a video with at least one.");

    private static InputException TooLarge(string path, VideoStream stream) =>
        new($"{path}: more than {MaximumBytes / stream.FrameBytes} frames of {stream.Width}x{stream.Height} do not fit the limit of {MaximumBytes >> 20} MiB decoded. Cut or shrink it first, for example: ffmpeg -i IN -t 10 -vf scale=512:-2 OUT.mp4");

    private static InputException Broken(string path, string complaint) =>
        new($"{path}: is not a video that ffmpeg can read whole ({complaint}). If it plays elsewhere, write it anew: ffmpeg -i IN -c:v libx264 OUT.mp4");

    /// <summary>ffmpeg reads as many pictures as a cut GIF or PNG still holds and says nothing: only the missing trailer tells.</summary>
    private static bool LacksTrailer(string path)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] start = new byte[4];
        stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        byte[] trailer = start.AsSpan().SequenceEqual("GIF8"u8) ? [(byte)';'] : start.AsSpan(1).SequenceEqual("PNG"u8) ? [.. "IEND"u8, 0xae, 0x42, 0x60, 0x82] : [];
        byte[] end = new byte[trailer.Length];
        stream.Seek(-Math.Min(stream.Length, end.Length), SeekOrigin.End);
        stream.ReadAtLeast(end, end.Length, throwOnEndOfStream: false);
        return !end.AsSpan().SequenceEqual(trailer);
    }
}
