using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Generation;
using HaloLab.Scaling;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Experiments;

/// <summary>
/// The recipe of <c>halolab generate --model</c>: conditions of the prompts, then latents, then clips, each step for all before the next so that one part of
/// the model is in memory at a time. A clip or latents that were begun when it was stopped are begun again, what was finished stays.
/// </summary>
/// <param name="pipeline">The model.</param>
/// <param name="prompts">Different prompts.</param>
/// <param name="negative">The negative prompt.</param>
/// <param name="clipsPerPrompt">Clips of each prompt.</param>
/// <param name="settings">What is asked for.</param>
/// <param name="seed">Seed of the run. A clip's noise depends on this, its prompt and its number alone.</param>
/// <param name="extension">Of the clips' files: .mp4, .webm, .gif or .png.</param>
/// <param name="nameOf">Name of a clip's file without extension, of its prompt's place and its number.</param>
public sealed class VideoGeneration(
    VideoPipeline pipeline, IReadOnlyList<string> prompts, string negative, int clipsPerPrompt, VideoSettings settings, long seed, string extension, Func<int, int, string> nameOf)
{
    private const string ConditionsFile = "conditions.safetensors";
    private const string Conditions = "conditions";
    private const string Latents = "latents";
    private const string Clips = "clips";
    private const string HashExtension = ".sha256";
    private const string WeightExtension = ".safetensors";

    // For the time left until the first share is done.
    private const double SecondsPerPrompt = 10;
    private const double SecondsPerClip = 600;
    private const double SecondsPerDecoding = 120;

    /// <summary>One generated clip.</summary>
    /// <param name="File">Its file.</param>
    /// <param name="Prompt">Its prompt.</param>
    /// <param name="Number">Its number among those of the prompt.</param>
    /// <param name="Latents">Its latents, below the run's folder.</param>
    /// <param name="ContentHash">Hash of its pixels before the video codec.</param>
    public sealed record Clip(string File, string Prompt, int Number, string Latents, string ContentHash);

    private readonly Lazy<SortedDictionary<string, string>> _hashes = new(pipeline.Hashes);

    private int Count => prompts.Count * clipsPerPrompt;

    /// <summary>Hashes of the model's files; a shard takes those of the whole, for they are many gigabytes.</summary>
    private SortedDictionary<string, string> ModelHashes
    {
        get => field ?? _hashes.Value;
        init;
    }

    /// <summary>Finished shards, whose files are taken instead of being made again.</summary>
    private FinishedShards? Made { get; set; }

    /// <summary>Where the stages of a run, or of one of its shards, lie.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="shard">The shard, or null for the whole.</param>
    public static string StoreIn(string folder, Shard? shard) => shard is null ? Path.Combine(folder, "stages") : Path.Combine(folder, "shards", shard.ToString());

    /// <summary>Runs what is not finished yet; clips and <c>manifest.json</c> lie in the folder.</summary>
    /// <returns>The clips.</returns>
    public IReadOnlyList<Clip> Run(string folder, IRunProgress progress, CancellationToken cancellation) =>
        Publish(folder, new RunStore(StoreIn(folder, null)).Run([LastStage()], progress, cancellation));

    /// <summary>
    /// Runs one shard of the prompts, beside others in other processes, whatever the order. Whoever finds all of them finished puts them together: the same stages, clips and
    /// <c>manifest.json</c> as <see cref="Run"/> makes.
    /// </summary>
    /// <returns>The clips, or null where other shards are not finished.</returns>
    /// <exception cref="InputException">Another process works on this shard, or shards were computed with different threads or devices.</exception>
    public IReadOnlyList<Clip>? RunShard(string folder, Shard shard, IRunProgress progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(shard);

        // Put together already: the shards may have been deleted since.
        if (new RunStore(StoreIn(folder, null)).Find([LastStage()]) is { } whole)
        {
            return Publish(folder, whole);
        }

        if (OfShard(shard) is { } own)
        {
            new RunStore(StoreIn(folder, shard)).Run([own.LastStage()], progress, cancellation);
        }

        List<Dictionary<string, string>> folders = [];
        foreach (Shard other in shard.All)
        {
            if (OfShard(other) is { } part)
            {
                if (new RunStore(StoreIn(folder, other)).Find([part.LastStage()]) is not { } results)
                {
                    return null;
                }

                folders.Add(results.ToDictionary(result => result.Name, result => result.Folder));
            }
        }

        // Two that finish together both come here; the one that is later finds the store taken, or everything done.
        using FileStream? merging = TryHold(folder);
        if (merging is null)
        {
            return null;
        }

        Made = new FinishedShards(folders, shard.Count);
        return Run(folder, progress, cancellation);
    }

    private static FileStream? TryHold(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, "shards", "merging"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private VideoGeneration? OfShard(Shard shard) => shard.Of(prompts) is { Count: > 0 } own
        ? new VideoGeneration(pipeline, own, negative, clipsPerPrompt, settings, seed, extension, nameOf) { ModelHashes = ModelHashes }
        : null;

    private Stage LastStage()
    {
        string model = FileHash.OfAll(ModelHashes);
        long[] shape_CTHW = pipeline.LatentShape(settings);
        Stage conditions = new(Conditions, 1, new JsonObject { ["model"] = model, ["prompts"] = Json(prompts), ["negative"] = negative }, [], prompts.Count * SecondsPerPrompt, Encode);
        Stage latents = new(
            Latents,
            1,
            new JsonObject { ["model"] = model, ["seed"] = seed, ["clipsPerPrompt"] = clipsPerPrompt, ["shape"] = Json(shape_CTHW), ["steps"] = settings.Steps, ["guidance"] = settings.Guidance },
            [conditions],
            Count * SecondsPerClip,
            context => Denoise(context, shape_CTHW));
        JsonObject decoding = new() { ["model"] = model, ["framesPerSecond"] = settings.FramesPerSecond, ["extension"] = extension };
        if (pipeline.DecodesInTiles)
        {
            decoding["tiles"] = true;
        }

        return new Stage(Clips, 1, decoding, [latents], Count * SecondsPerDecoding, Decode);
    }

    private List<Clip> Publish(string folder, IReadOnlyList<StageResult> results)
    {
        string FolderOf(string stage) => results.Single(result => result.Name == stage).Folder;
        List<Clip> made = [];
        foreach ((int place, int number) in Places())
        {
            string name = nameOf(place, number) + extension;
            Copy(Path.Combine(FolderOf(Clips), FileOf(place, number, extension)), Path.Combine(folder, name));
            string hash = File.ReadAllText(Path.Combine(FolderOf(Clips), FileOf(place, number, HashExtension)));
            made.Add(new Clip(name, prompts[place], number, Path.GetRelativePath(folder, Path.Combine(FolderOf(Latents), FileOf(place, number, WeightExtension))), hash));
        }

        object asked = new { Model = pipeline.Name, settings.Frames, settings.Height, settings.Width, settings.Steps, settings.Guidance, settings.FramesPerSecond, Tiles = pipeline.DecodesInTiles, Negative = negative, Clips = made };
        JsonFile.Write(Path.Combine(folder, "manifest.json"), RunManifest.Of("generate --model", asked, [seed], ModelHashes, folder, results));
        return made;
    }

    private IEnumerable<(int Prompt, int Number)> Places() => Enumerable.Range(0, Count).Select(i => (i / clipsPerPrompt, i % clipsPerPrompt));

    private void Encode(StageContext context)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> encoded = Made is null
            ? pipeline.Encode([negative, .. prompts], done => context.Report(done, prompts.Count + 1))
            : [.. Enumerable.Range(-1, prompts.Count + 1).Select(EncodedByShard)];
        Safetensors.Save(context.PathOf(ConditionsFile), encoded.Select((tensor, i) => (i, tensor)).ToDictionary(item => KeyOf(item.i - 1), item => item.tensor));
    }

    private Tensor EncodedByShard(int place)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Made!.FolderOf(Math.Max(place, 0), Conditions), ConditionsFile));
        return file.Read(KeyOf(place < 0 ? place : Made.PlaceOf(place)));
    }

    private void Denoise(StageContext context, long[] shape_CTHW)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> conditions = Safetensors.Load(context.Input(Conditions, ConditionsFile));
        ClassifierFreeGuidance? guidance = settings.Guidance == 1 ? null : new(conditions[KeyOf(-1)].to(Compute.Device), settings.Guidance);
        foreach ((int place, int number) in Places())
        {
            string path = context.PathOf(FileOf(place, number, WeightExtension));
            double done = (place * clipsPerPrompt) + number;
            if (Made is not null)
            {
                Copy(Made.PathOf(Latents, place, number, WeightExtension), path);
            }
            else if (!File.Exists(path))
            {
                using var clipScope = NewDisposeScope();
                long clipSeed = new RandomStream(seed, "generate " + prompts[place], number).NextInt64();
                Tensor start_BCTHW = GaussianNoise.DrawBatch([clipSeed], "sampling start", 0, shape_CTHW, Compute.Device);
                Tensor latents_BCTHW = pipeline.Denoise(
                    start_BCTHW,
                    conditions[KeyOf(place)].to(Compute.Device),
                    guidance,
                    settings.Steps,
                    step => GaussianNoise.DrawBatch([clipSeed], "sampling noise", step, shape_CTHW, Compute.Device),
                    step => context.Report(done + ((double)step / settings.Steps), Count));
                Safetensors.Save(path, new Dictionary<string, Tensor> { [Latents] = latents_BCTHW[0].cpu() });
            }

            context.Report(done + 1, Count);
        }
    }

    private void Decode(StageContext context)
    {
        foreach ((int place, int number) in Places())
        {
            string path = context.PathOf(FileOf(place, number, HashExtension));
            if (Made is not null)
            {
                Copy(Made.PathOf(Clips, place, number, extension), context.PathOf(FileOf(place, number, extension)));
                Copy(Made.PathOf(Clips, place, number, HashExtension), path);
            }
            else if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                Tensor latents_CTHW = Safetensors.Load(context.Input(Latents, FileOf(place, number, WeightExtension)))[Latents];
                VideoClip clip = pipeline.Decode(latents_CTHW.unsqueeze(0).to(Compute.Device))[0].ToClip(settings.FramesPerSecond);
                VideoFile.WriteAsync(clip, context.PathOf(FileOf(place, number, extension)), context.Cancellation).GetAwaiter().GetResult();
                AtomicFile.WriteAllText(path, clip.ContentHash);
            }

            context.Report((place * clipsPerPrompt) + number + 1, Count);
        }
    }

    private static void Copy(string from, string to)
    {
        using FileStream source = File.OpenRead(from);
        AtomicFile.Write(to, source.CopyTo);
    }

    private static string KeyOf(int place) => place < 0 ? "negative" : string.Create(CultureInfo.InvariantCulture, $"prompt-{place:00000}");

    private static string FileOf(int place, int number, string extension) => string.Create(CultureInfo.InvariantCulture, $"{place:00000}-{number:000}{extension}");

    private static JsonNode? Json<T>(T value) => JsonSerializer.SerializeToNode(value);

    /// <summary>Where finished shards' stages lie.</summary>
    /// <param name="Folders">For each shard that has prompts, the folders of its stages by their names.</param>
    /// <param name="Count">All shards.</param>
    private sealed record FinishedShards(IReadOnlyList<IReadOnlyDictionary<string, string>> Folders, int Count)
    {
        /// <summary>A prompt's place among those of its shard.</summary>
        public int PlaceOf(int place) => place / Count;

        public string FolderOf(int place, string stage) => Folders[place % Count][stage];

        public string PathOf(string stage, int place, int number, string extension) => Path.Combine(FolderOf(place, stage), FileOf(PlaceOf(place), number, extension));
    }
}
