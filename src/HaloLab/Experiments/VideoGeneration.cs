using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Generation;
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
    private const string Latents = "latents";

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

    private int Count => prompts.Count * clipsPerPrompt;

    /// <summary>Runs what is not finished yet; clips and <c>manifest.json</c> lie in the folder.</summary>
    /// <returns>The clips.</returns>
    public IReadOnlyList<Clip> Run(string folder, IRunProgress progress, CancellationToken cancellation)
    {
        SortedDictionary<string, string> hashes = pipeline.Hashes();
        string model = FileHash.OfAll(hashes);
        long[] shape_CTHW = pipeline.LatentShape(settings);
        Stage conditions = new("conditions", 1, new JsonObject { ["model"] = model, ["prompts"] = Json(prompts), ["negative"] = negative }, [], prompts.Count * SecondsPerPrompt, Encode);
        Stage latents = new(
            Latents,
            1,
            new JsonObject { ["model"] = model, ["seed"] = seed, ["clipsPerPrompt"] = clipsPerPrompt, ["shape"] = Json(shape_CTHW), ["steps"] = settings.Steps, ["guidance"] = settings.Guidance },
            [conditions],
            Count * SecondsPerClip,
            context => Denoise(context, shape_CTHW));
        Stage clips = new("clips", 1, new JsonObject { ["model"] = model, ["framesPerSecond"] = settings.FramesPerSecond, ["extension"] = extension }, [latents], Count * SecondsPerDecoding, Decode);
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(folder, "stages")).Run([clips], progress, cancellation);

        string FolderOf(Stage stage) => results.Single(result => result.Name == stage.Name).Folder;
        List<Clip> made = [];
        foreach ((int place, int number) in Places())
        {
            string name = nameOf(place, number) + extension;
            using (FileStream source = File.OpenRead(Path.Combine(FolderOf(clips), FileOf(place, number, extension))))
            {
                AtomicFile.Write(Path.Combine(folder, name), source.CopyTo);
            }

            string hash = File.ReadAllText(Path.Combine(FolderOf(clips), FileOf(place, number, ".sha256")));
            made.Add(new Clip(name, prompts[place], number, Path.GetRelativePath(folder, Path.Combine(FolderOf(latents), FileOf(place, number, ".safetensors"))), hash));
        }

        object asked = new { Model = pipeline.Name, settings.Frames, settings.Height, settings.Width, settings.Steps, settings.Guidance, settings.FramesPerSecond, Negative = negative, Clips = made };
        JsonFile.Write(Path.Combine(folder, "manifest.json"), RunManifest.Of("generate --model", asked, [seed], hashes, folder, results));
        return made;
    }

    private IEnumerable<(int Prompt, int Number)> Places() => Enumerable.Range(0, Count).Select(i => (i / clipsPerPrompt, i % clipsPerPrompt));

    private void Encode(StageContext context)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> encoded = pipeline.Encode([negative, .. prompts], done => context.Report(done, prompts.Count + 1));
        Safetensors.Save(context.PathOf(ConditionsFile), encoded.Select((tensor, i) => (i, tensor)).ToDictionary(item => KeyOf(item.i - 1), item => item.tensor));
    }

    private void Denoise(StageContext context, long[] shape_CTHW)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> conditions = Safetensors.Load(context.Input("conditions", ConditionsFile));
        ClassifierFreeGuidance? guidance = settings.Guidance == 1 ? null : new(conditions[KeyOf(-1)].to(Compute.Device), settings.Guidance);
        foreach ((int place, int number) in Places())
        {
            string path = context.PathOf(FileOf(place, number, ".safetensors"));
            double done = (place * clipsPerPrompt) + number;
            if (!File.Exists(path))
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
            string path = context.PathOf(FileOf(place, number, ".sha256"));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                Tensor latents_CTHW = Safetensors.Load(context.Input(Latents, FileOf(place, number, ".safetensors")))[Latents];
                VideoClip clip = pipeline.Decode(latents_CTHW.unsqueeze(0).to(Compute.Device))[0].ToClip(settings.FramesPerSecond);
                VideoFile.WriteAsync(clip, context.PathOf(FileOf(place, number, extension)), context.Cancellation).GetAwaiter().GetResult();
                AtomicFile.WriteAllText(path, clip.ContentHash);
            }

            context.Report((place * clipsPerPrompt) + number + 1, Count);
        }
    }

    private static string KeyOf(int place) => place < 0 ? "negative" : string.Create(CultureInfo.InvariantCulture, $"prompt-{place:00000}");

    private static string FileOf(int place, int number, string extension) => string.Create(CultureInfo.InvariantCulture, $"{place:00000}-{number:000}{extension}");

    private static JsonNode? Json<T>(T value) => JsonSerializer.SerializeToNode(value);
}
