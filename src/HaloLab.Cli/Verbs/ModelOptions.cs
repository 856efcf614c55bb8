using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Scaling;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary>The options of <c>halolab generate</c> for a published model.</summary>
internal sealed class ModelOptions
{
    private const double GiB = 1L << 30;

    private readonly Option<string?> _adapter = new("--adapter") { Description = "Adapter file of the model's denoiser, diffusers' or peft's form, for example what `halolab train` wrote; for VideoCrafter2 also T2V-Turbo's unet_lora.pt, or the whole U-Net of T2V-Turbo-v2 (unet_mg.pt) that takes its place." };
    private readonly Option<int?> _steps = new("--steps") { Description = "Steps of the sampler. Default: the model's." };
    private readonly Option<double?> _guidance = new("--guidance") { Description = "Guidance scale, 1 for none. Default: the model's." };
    private readonly Option<int?> _frames = new("--frames") { Description = "Frames of a clip. Default: the model's." };
    private readonly Option<string?> _size = new("--size") { Description = "WIDTHxHEIGHT in pixels. Default: the model's." };
    private readonly Option<string?> _negative = new("--negative") { Description = "Negative prompt. Default: empty." };
    private readonly Option<string?> _format = new("--format") { Description = "mp4 (default), webm or gif, which need ffmpeg, or png (animated, lossless)." };
    private readonly Option<string?> _naming = new("--naming") { Description = "numbered (default: clip-PROMPT-NUMBER) or vbench (PROMPT-NUMBER with the prompt's text, as VBench expects)." };

    private readonly Option<bool> _tiles = new("--tiles") { Description = "Decode in overlapping tiles of the picture: less memory, slightly other pixels. CogVideoX only." };
    private readonly ShardOption _shard = new("make only every N-th prompt from the I-th on (1 to N), so that N processes share the work. All write to one --out, and the last one puts everything together.");

    public ModelOptions()
    {
        _format.AcceptOnlyFromAmong("mp4", "webm", "gif", "png");
        _naming.AcceptOnlyFromAmong("numbered", "vbench");
    }

    public Option<string?> Folder { get; } = new("--model") { Description = "Folder of a published model: diffusers' layout of Wan2.1 or CogVideoX, or VideoCrafter2's checkpoint beside its .yaml. Default: the toy generator." };

    public IReadOnlyList<Option> All => [Folder, .. Others];

    private Option[] Others => [_adapter, _steps, _guidance, _frames, _size, _negative, _format, _naming, _tiles, _shard.Option];

    /// <summary>The toy generator has no such choices.</summary>
    /// <exception cref="InputException">One of the options is given.</exception>
    public void RefuseWithoutFolder(ParseResult parsed)
    {
        Option? given = Others.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null)
        {
            throw new InputException($"{given.Name} is for a published model: give its folder with --model.");
        }
    }

    /// <summary>Where the run's stages lie.</summary>
    public string StoreIn(ParseResult parsed, string folder) => VideoGeneration.StoreIn(folder, _shard.Read(parsed));

    /// <summary>Generates and writes.</summary>
    public void Generate(ParseResult parsed, string[] prompts, int clipsPerPrompt, long seed, string folder, CancellationToken cancellation)
    {
        using VideoPipeline pipeline = VideoPipeline.Open(parsed.GetValue(Folder)!, parsed.GetValue(_adapter));
        VideoSettings settings = Asked(pipeline, parsed.GetValue(_frames), parsed.GetValue(_size));
        settings = settings with { Steps = parsed.GetValue(_steps) ?? settings.Steps, Guidance = parsed.GetValue(_guidance) ?? settings.Guidance };
        if (settings.Steps < 1)
        {
            throw new InputException($"--steps {settings.Steps}: expected at least 1.");
        }

        if (!double.IsFinite(settings.Guidance))
        {
            throw new InputException($"--guidance {settings.Guidance}: expected a number.");
        }

        pipeline.DecodesInTiles = parsed.GetValue(_tiles);
        if (pipeline.DecodesInTiles && !pipeline.HasTiles)
        {
            throw new InputException($"--tiles: {pipeline.Name} does not decode in tiles. Leave it out.");
        }

        RequireMemory(pipeline, settings);
        string extension = "." + (parsed.GetValue(_format) ?? "mp4");
        RequireCodec(extension);
        Func<int, int, string> nameOf = parsed.GetValue(_naming) == "vbench" ? VBenchNames(prompts) : (prompt, number) => string.Create(CultureInfo.InvariantCulture, $"clip-{prompt:0000}-{number:000}");
        VideoGeneration generation = new(pipeline, prompts, parsed.GetValue(_negative) ?? "", clipsPerPrompt, settings, seed, extension, nameOf);
        IReadOnlyList<VideoGeneration.Clip>? clips = _shard.Read(parsed) is Shard shard
            ? RunDisplay.Show(progress => generation.RunShard(folder, shard, progress, cancellation))
            : RunDisplay.Show(progress => generation.Run(folder, progress, cancellation));
        if (clips is null)
        {
            Console.Error.WriteLine($"{folder}: this shard is finished; the clips and manifest.json are written when all are.");
            return;
        }

        foreach (VideoGeneration.Clip clip in clips)
        {
            Console.WriteLine(Path.Combine(folder, clip.File));
        }
    }

    /// <summary>The model's own settings but for what is asked for.</summary>
    public static VideoSettings Asked(VideoPipeline pipeline, int? frames, string? size)
    {
        VideoSettings defaults = pipeline.Defaults;
        (int width, int height) = size is null ? (defaults.Width, defaults.Height) : Size(size);
        return defaults with { Frames = frames ?? defaults.Frames, Width = width, Height = height };
    }

    private static (int Width, int Height) Size(string text)
    {
        string[] parts = text.Split('x');
        return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int width) && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int height)
            ? (width, height) : throw new InputException($"--size {text}: expected WIDTHxHEIGHT, for example 832x480.");
    }

    private static void RequireMemory(VideoPipeline pipeline, VideoSettings settings)
    {
        double needed = pipeline.Estimate(settings).Largest / GiB;
        string what = string.Create(CultureInfo.InvariantCulture, $"{pipeline.Name}, {settings.Frames} frames of {settings.Width}x{settings.Height}: about {needed:0.0} GiB of memory (an estimate)");
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB;
        if (Compute.Device.type == TorchSharp.DeviceType.CPU && needed > there)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{what}, and this machine has {there:0.0} GiB. {Tiles(pipeline, settings, needed)}Ask for {(Compute.BytesPerWeight < sizeof(float) ? "" : "--precision bfloat16, ")}fewer --frames or a smaller --size, or take a machine with more memory."));
        }

        Console.Error.WriteLine(what + ".");
    }

    /// <summary>What decoding in tiles would save, where it would.</summary>
    private static string Tiles(VideoPipeline pipeline, VideoSettings settings, double needed)
    {
        if (!pipeline.HasTiles || pipeline.DecodesInTiles)
        {
            return "";
        }

        pipeline.DecodesInTiles = true;
        double tiled = pipeline.Estimate(settings).Largest / GiB;
        pipeline.DecodesInTiles = false;
        return tiled < needed ? string.Create(CultureInfo.InvariantCulture, $"With --tiles it is about {tiled:0.0} GiB. ") : "";
    }

    /// <summary>Writes a clip to see, before hours of sampling, that it can be done.</summary>
    private static void RequireCodec(string extension)
    {
        string path = Path.Combine(Path.GetTempPath(), $"halolab-{Guid.NewGuid():n}{extension}");
        try
        {
            VideoFile.WriteAsync(new VideoClip(new byte[16 * 16 * 3], 1, 16, 16, 8), path).GetAwaiter().GetResult();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Func<int, int, string> VBenchNames(string[] prompts)
    {
        string? impossible = prompts.FirstOrDefault(prompt => prompt.Contains('/', StringComparison.Ordinal) || prompt.Contains('\0', StringComparison.Ordinal));
        return impossible is null
            ? (prompt, number) => string.Create(CultureInfo.InvariantCulture, $"{prompts[prompt]}-{number}")
            : throw new InputException($"--naming vbench: the prompt '{impossible}' has a character that no file name can have.");
    }
}
