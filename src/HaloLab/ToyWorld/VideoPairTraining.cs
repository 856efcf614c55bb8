using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld;

/// <summary>
/// Gran-DPO of the toy generator on given video files (<c>halolab train</c>): the clips are resampled and encoded once, then trained on. The
/// tuned generator goes to the folder <c>model</c>, which <c>halolab generate --checkpoints</c> takes.
/// </summary>
public sealed class VideoPairTraining
{
    private const string SourcesFile = "videos.json";
    private const string WeightsFile = "weights.safetensors";
    private const double SecondsPerVideo = 1;
    private const double SecondsPerStep = 0.7;

    private readonly VideoPairTable _table;
    private readonly string _checkpoints;
    private readonly GranDpoTrainerOptions _options;
    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private readonly Stage _encoded;
    private readonly Stage _tuned;

    /// <param name="table">The pairs; tied ones are left out.</param>
    /// <param name="checkpointFolder">The toy generator to start from.</param>
    /// <param name="options">How to train. Without any patch rewards among the pairs the objective has its video term alone.</param>
    /// <exception cref="InputException">A video or checkpoint is missing, the grid does not fit, or nothing is left to train on.</exception>
    public VideoPairTraining(VideoPairTable table, string checkpointFolder, GranDpoTrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        ToyGenerator.Lattice.Edges(options.Grid);
        _table = table;
        _checkpoints = checkpointFolder;
        Pairs = [.. table.Pairs.Where(pair => !table.TiedRows.Contains(pair.Row))];
        if (Pairs.Count == 0)
        {
            throw new InputException("All pairs are tied and have no patch rewards: there is nothing to learn. Choose another dimension or other weights.");
        }

        bool anyPatches = Pairs.Any(pair => pair.PatchesA is not null);
        _options = anyPatches ? options : options with { Objective = options.Objective with { Terms = PreferenceTerms.VideoOnly } };
        _options.Validate();
        foreach (string path in Pairs.SelectMany(pair => new[] { pair.PathA, pair.PathB }).Distinct())
        {
            _hashes.Add(path, FileHash.Of(path, "a video file"));
        }

        using ToyGenerator generator = ToyGenerator.Load(checkpointFolder);
        _encoded = new Stage(
            "encoded-videos",
            2,
            new JsonObject { ["generator"] = generator.Hash, ["rule"] = ToyResampling.Rule, ["videos"] = new JsonArray([.. _hashes.Values.Distinct().Order(StringComparer.Ordinal).Select(hash => JsonValue.Create(hash))]) },
            [],
            _hashes.Count * SecondsPerVideo,
            Encode);
        _tuned = new Stage(
            "tuned",
            1,
            new JsonObject { ["generator"] = generator.Hash, ["options"] = JsonSerializer.SerializeToNode(_options), ["pairs"] = HashOfPairs() },
            [_encoded],
            _options.Steps * SecondsPerStep,
            Tune);
    }

    /// <summary>The pairs that are trained on.</summary>
    public IReadOnlyList<VideoPair> Pairs { get; }

    /// <summary>Trains, going on where an earlier call stopped, and writes <c>model</c> and <c>manifest.json</c>.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="command">What was asked for, for the manifest.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops within seconds; the same call goes on from there.</param>
    /// <returns>The folder of the tuned model.</returns>
    public string Run(string folder, string command, IRunProgress progress, CancellationToken cancellation)
    {
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(folder, "stages")).Run([_tuned], progress, cancellation);
        string model = Path.Combine(folder, "model");
        using (NewDisposeScope())
        {
            Safetensors.Load(Path.Combine(_checkpoints, GeneratorTraining.DenoiserFile), out Dictionary<string, string> metadata);
            Safetensors.Save(Path.Combine(model, GeneratorTraining.DenoiserFile), Safetensors.Load(Path.Combine(results[^1].Folder, WeightsFile)), metadata);
        }

        foreach (string file in ToyGenerator.Files.Where(file => file != GeneratorTraining.DenoiserFile))
        {
            AtomicFile.Write(Path.Combine(model, file), stream => stream.Write(File.ReadAllBytes(Path.Combine(_checkpoints, file))));
        }

        // By hash: the files may lie elsewhere than they did when they were encoded.
        Dictionary<string, Source> byHash = JsonFile.Read<Source[]>(Path.Combine(results[0].Folder, SourcesFile)).ToDictionary(source => source.Sha256);
        SortedDictionary<string, Source> sources = new(_hashes.ToDictionary(item => item.Key, item => byHash[item.Value]), StringComparer.Ordinal);
        object settings = new
        {
            Options = _options,
            Resampling = ToyResampling.Rule,
            Videos = sources.Select(item => new { Path = item.Key, item.Value.Sha256, item.Value.Frames, item.Value.Height, item.Value.Width, item.Value.FramesPerSecond }),
            Pairs = Pairs.Select(pair => new { pair.Row, pair.PathA, pair.PathB, pair.Prompt, PromptAsUnderstood = ToyTokenizer.KnownPart(pair.Prompt), pair.RewardA, pair.RewardB, HasPatches = pair.PatchesA is not null }),
            _table.Repeated,
            _table.TiedRows,
            _table.IgnoredFields,
            OtherThanClaimed = Mismatches(sources),
        };
        JsonFile.Write(Path.Combine(folder, "manifest.json"), RunManifest.Of(command, settings, [_options.Seed], Inputs(), folder, results));
        return model;
    }

    /// <summary>A video as it was read.</summary>
    internal sealed record Source(string Sha256, int Frames, int Height, int Width, double FramesPerSecond);

    private SortedDictionary<string, string> Inputs() =>
        new(_hashes.Concat(ToyGenerator.Files.Select(file => KeyValuePair.Create(file, FileHash.Of(Path.Combine(_checkpoints, file))))).ToDictionary(), StringComparer.Ordinal);

    /// <summary>Where a row's own numbers differ from the file's by more than rounding.</summary>
    private IEnumerable<string> Mismatches(SortedDictionary<string, Source> byPath)
    {
        foreach (VideoPair pair in Pairs)
        {
            foreach ((string side, string path) in new[] { ("A", pair.PathA), ("B", pair.PathB) })
            {
                foreach ((string field, double actual) in new[] { ("num_frames_" + side, byPath[path].Frames), ("fps_" + side, byPath[path].FramesPerSecond) })
                {
                    if (pair.Claims.TryGetValue(field, out double claimed) && Math.Abs(claimed - actual) > 0.01 * actual)
                    {
                        yield return string.Create(CultureInfo.InvariantCulture, $"row {pair.Row}: {field} is {claimed:0.###}, the file has {actual:0.###}");
                    }
                }
            }
        }
    }

    private void Encode(StageContext context)
    {
        using ToyGenerator generator = ToyGenerator.Load(_checkpoints);
        using var noGradient = no_grad();
        List<Source> sources = [];
        foreach ((string path, string hash) in _hashes.DistinctBy(item => item.Value))
        {
            context.Report(sources.Count, _hashes.Count);
            VideoClip clip = VideoFile.ReadAsync(path, context.Cancellation).GetAwaiter().GetResult();
            sources.Add(new Source(hash, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond));
            string latentsPath = context.PathOf(LatentsFile(hash));
            if (!File.Exists(latentsPath))
            {
                using var scope = NewDisposeScope();
                Tensor latents_BCTHW = generator.Autoencoder.EncodeClips(ToyResampling.Fit(clip).ToTensor().unsqueeze(0).to(Compute.Device)).cpu();
                Safetensors.Save(latentsPath, new Dictionary<string, Tensor> { ["latents"] = latents_BCTHW.squeeze(0) });
            }
        }

        JsonFile.Write(context.PathOf(SourcesFile), sources);
    }

    private void Tune(StageContext context)
    {
        using ToyGenerator model = ToyGenerator.Load(_checkpoints);
        using TrainingPairs data = Data(model, context);
        using GranDpoTrainer trainer = new(model.Denoiser, model, ToyModels.TrainingTarget, data, _options, context.Folder);
        trainer.Run(context.Folder, done => context.Report(done, _options.Steps), context.Cancellation);
    }

    private TrainingPairs Data(ToyGenerator model, StageContext context)
    {
        using var scope = NewDisposeScope();
        PreferencePair[] pairs = [.. Pairs.Select(pair => new PreferencePair(
            pair.Prompt,
            new Candidate(_hashes[pair.PathA], pair.RewardA, pair.PatchesA),
            new Candidate(_hashes[pair.PathB], pair.RewardB, pair.PatchesB),
            $"row {pair.Row}"))];
        string[] prompts = [.. Pairs.Select(pair => ToyTokenizer.KnownPart(pair.Prompt)).Distinct()];
        return new TrainingPairs(
            pairs,
            Latents(pair => pair.PathA),
            Latents(pair => pair.PathB),
            model.Encode(prompts),
            [.. Pairs.Select(pair => Array.IndexOf(prompts, ToyTokenizer.KnownPart(pair.Prompt)))],
            ToyGenerator.Lattice);

        Tensor Latents(Func<VideoPair, string> side) =>
            stack([.. Pairs.Select(pair => Safetensors.Load(context.Input(_encoded.Name, LatentsFile(_hashes[side(pair)])))["latents"])]).to(Compute.Device);
    }

    private static string LatentsFile(string hash) => $"{hash[..16]}.safetensors";

    private string HashOfPairs()
    {
        var rows = Pairs.Select(pair => new { A = _hashes[pair.PathA], B = _hashes[pair.PathB], pair.Prompt, pair.RewardA, pair.RewardB, pair.PatchesA, pair.PatchesB });
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(rows)));
    }
}
