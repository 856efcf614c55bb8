using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Preferences;
using HaloLab.Scaling;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Experiments;

/// <summary>
/// Gran-DPO on given video files (<c>halolab train</c>): prompts and resampled clips are encoded once, then trained on. What was tuned goes to the
/// folder <c>model</c>. Of several ranks the first one runs the stages and writes; the others take part in the training (<see cref="Follow"/>).
/// </summary>
public sealed class VideoPairTraining
{
    private const string SourcesFile = "videos.json";
    private const string ConditionsFile = "conditions.safetensors";
    private const double SecondsPerPrompt = 1;
    private const double SecondsPerVideo = 1;
    private const double SecondsPerStep = 0.7;

    private readonly VideoPairTable _table;
    private readonly ITunableModel _model;
    private readonly GranDpoTrainerOptions _options;
    private readonly TrainingWatch? _watch;
    private readonly Communicator _ranks;
    private readonly IReadOnlyCollection<string> _allowedChanges;
    private readonly StepProfile? _profile;
    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private readonly string[] _prompts;
    private readonly Stage _conditions;
    private readonly Stage _encoded;
    private readonly Stage _tuned;

    /// <param name="table">The pairs; tied ones are left out.</param>
    /// <param name="model">The generator to start from; it stays the caller's.</param>
    /// <param name="options">How to train. Without any patch rewards among the pairs the objective has its video term alone.</param>
    /// <param name="watch">Looks at the generator while it is trained, or null.</param>
    /// <param name="ranks">Ranks that train together and see the same folders; null: this process alone.</param>
    /// <param name="allowedChanges">Names of settings that an unfinished training in the folder may differ in and be gone on from; null: in none.</param>
    /// <param name="profile">Records a few steps of the training, or null.</param>
    /// <exception cref="InputException">A video is missing, the grid does not fit, or nothing is left to train on.</exception>
    public VideoPairTraining(VideoPairTable table, ITunableModel model, GranDpoTrainerOptions options, TrainingWatch? watch = null, Communicator? ranks = null, IReadOnlyCollection<string>? allowedChanges = null, StepProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        model.Lattice.Edges(options.Grid);
        (_table, _model, _watch, _ranks, _allowedChanges, _profile) = (table, model, watch, ranks ?? Communicator.Alone, allowedChanges ?? [], profile);
        Pairs = [.. table.Pairs.Where(pair => !table.TiedRows.Contains(pair.Row))];
        if (Pairs.Count == 0)
        {
            throw new InputException("All pairs are tied and have no patch rewards: there is nothing to learn. Choose another dimension or other weights.");
        }

        bool anyPatches = Pairs.Any(pair => pair.PatchesA is not null);
        if (!anyPatches && (options.Objective.Terms is PreferenceTerms.PatchOnly or PreferenceTerms.RegionOnly || options.VideoReward == VideoRewardSource.PatchMean))
        {
            throw new InputException("The pairs have no patch rewards, and what is to be learned needs them. Give pairs with patch_rewards_A and patch_rewards_B, for example from `halolab pairs`, or learn from the videos alone.");
        }

        bool hasNoPatchTerm = !anyPatches && options.Objective.Terms == PreferenceTerms.VideoAndPatch;
        _options = hasNoPatchTerm ? options with { Objective = options.Objective with { Terms = PreferenceTerms.VideoOnly } } : options;
        _options.Validate();
        foreach (string path in Pairs.SelectMany(pair => new[] { pair.PathA, pair.PathB }).Distinct())
        {
            _hashes.Add(path, FileHash.Of(path, "a video file"));
        }

        _prompts = [.. Pairs.Select(pair => model.Understood(pair.Prompt)).Distinct()];
        string hash = FileHash.OfAll(model.Files);
        _conditions = new Stage(
            "conditions",
            1,
            new JsonObject { ["model"] = hash, ["prompts"] = JsonSerializer.SerializeToNode(_prompts) },
            [],
            _prompts.Length * SecondsPerPrompt,
            EncodePrompts);
        _encoded = new Stage(
            "encoded-videos",
            3,
            new JsonObject { ["model"] = hash, ["rule"] = model.ResamplingRule, ["videos"] = new JsonArray([.. _hashes.Values.Distinct().Order(StringComparer.Ordinal).Select(hash => JsonValue.Create(hash))]) },
            [],
            _hashes.Count * SecondsPerVideo,
            EncodeVideos);
        _tuned = new Stage(
            "tuned",
            2,
            new JsonObject { ["model"] = hash, ["options"] = JsonSerializer.SerializeToNode(_options), ["pairs"] = HashOfPairs() },
            [_conditions, _encoded],
            _options.Steps * SecondsPerStep,
            Tune);
    }

    /// <summary>The pairs that are trained on.</summary>
    public IReadOnlyList<VideoPair> Pairs { get; }

    /// <summary>Their prompts as the model understands them, each once.</summary>
    public IReadOnlyList<string> Prompts => _prompts;

    /// <summary>How they are trained on.</summary>
    public GranDpoTrainerOptions Options => _options;

    /// <summary>Trains, going on where an earlier call stopped, and writes <c>model</c> and <c>manifest.json</c>. The first rank's call.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="command">What was asked for, for the manifest.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops within seconds; the same call goes on from there.</param>
    /// <returns>The folder of the tuned model.</returns>
    public string Run(string folder, string command, IRunProgress progress, CancellationToken cancellation)
    {
        _watch?.Begin(folder, _tuned.Settings.ToJsonString());
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(folder, "stages")).Run([_tuned], progress, cancellation);
        _ranks.Broadcast(JsonSerializer.Serialize<SharedWork?>(null));
        string model = Path.Combine(folder, "model");
        _model.Export(results[^1].Folder, model);
        _watch?.Finish(_options.Steps, model, cancellation);

        // By hash: the files may lie elsewhere than they did when they were encoded.
        Dictionary<string, Source> byHash = JsonFile.Read<Source[]>(Path.Combine(results.Single(result => result.Name == _encoded.Name).Folder, SourcesFile)).ToDictionary(source => source.Sha256);
        SortedDictionary<string, Source> sources = new(_hashes.ToDictionary(item => item.Key, item => byHash[item.Value]), StringComparer.Ordinal);
        object settings = new
        {
            Options = _options,
            Resampling = _model.ResamplingRule,
            Videos = sources.Select(item => new { Path = item.Key, item.Value.Sha256, item.Value.Frames, item.Value.Height, item.Value.Width, item.Value.FramesPerSecond }),
            Pairs = Pairs.Select(pair => new { pair.Row, pair.PathA, pair.PathB, pair.Prompt, PromptAsUnderstood = _model.Understood(pair.Prompt), pair.RewardA, pair.RewardB, HasPatches = pair.PatchesA is not null }),
            _table.Repeated,
            _table.TiedRows,
            _table.IgnoredFields,
            OtherThanClaimed = Mismatches(sources),
            Changes = TrainingChange.Read(results[^1].Folder),
            Ranks = _ranks.Size,
        };
        JsonFile.Write(Path.Combine(folder, "manifest.json"), RunManifest.Of(command, settings, [_options.Seed], Inputs(), folder, results));
        return model;
    }

    /// <summary>Takes part in the training of the first rank, if there is any: the call of every other one.</summary>
    /// <param name="cancellation">Stops all ranks after the same step, once the first one has saved.</param>
    public void Follow(CancellationToken cancellation)
    {
        while (JsonSerializer.Deserialize<SharedWork?>(_ranks.Broadcast("")) is SharedWork work)
        {
            TuneTogether(new StageContext(work.Folder, work.Inputs, new Progress<double>(), cancellation));
        }
    }

    /// <summary>Where the ranks train: what the first one tells the others, and null when there is nothing more to do.</summary>
    internal sealed record SharedWork(string Folder, IReadOnlyDictionary<string, string> Inputs);

    /// <summary>A video as it was read.</summary>
    internal sealed record Source(string Sha256, int Frames, int Height, int Width, double FramesPerSecond);

    private SortedDictionary<string, string> Inputs() => new(_hashes.Concat(_model.Files).ToDictionary(), StringComparer.Ordinal);

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

    private void EncodePrompts(StageContext context)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> contexts = _model.EncodePrompts(_prompts, done => context.Report(done, _prompts.Length));
        Safetensors.Save(context.PathOf(ConditionsFile), new Dictionary<string, Tensor> { ["conditions"] = cat([.. contexts]) });
    }

    private void EncodeVideos(StageContext context)
    {
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
                Tensor latents_BCTHW = _model.EncodeClips(_model.Fit(clip).ToTensor().unsqueeze(0).to(Compute.Device)).cpu();
                Safetensors.Save(latentsPath, new Dictionary<string, Tensor> { ["latents"] = latents_BCTHW.squeeze(0) });
            }
        }

        JsonFile.Write(context.PathOf(SourcesFile), sources);
    }

    private void Tune(StageContext context)
    {
        ChangedTraining.Settle(context.Folder, _allowedChanges, (settings, steps) => _watch?.TakeOver(settings.ToJsonString(), steps));
        _ranks.Broadcast(JsonSerializer.Serialize(new SharedWork(context.Folder, context.Inputs)));
        TuneTogether(context);
    }

    private void TuneTogether(StageContext own)
    {
        StageContext context = own.StoppedBy(_ranks.StopTogether(own.Cancellation));
        using TrainingPairs data = Data(context);
        _model.Tune(data, _options, context.Folder, _ranks, _profile, done => context.Report(done, _options.Steps), Watch, context.Cancellation);

        void Watch(long done, Action<string> save)
        {
            if (_watch is not null && _ranks.IsFirst)
            {
                _profile?.Phase("watch");
                _watch.See(done, save, own.Cancellation);
            }
        }
    }

    private TrainingPairs Data(StageContext context)
    {
        using var scope = NewDisposeScope();
        PreferencePair[] pairs = [.. Pairs.Select(pair => new PreferencePair(
            pair.Prompt,
            new Candidate(_hashes[pair.PathA], pair.RewardA, pair.PatchesA),
            new Candidate(_hashes[pair.PathB], pair.RewardB, pair.PatchesB),
            $"row {pair.Row}"))];
        Tensor context_PLD = Safetensors.Load(context.Input(_conditions.Name, ConditionsFile))["conditions"].to(Compute.Device);
        return new TrainingPairs(
            pairs, Latents(pair => pair.PathA), Latents(pair => pair.PathB), context_PLD, [.. Pairs.Select(pair => Array.IndexOf(_prompts, _model.Understood(pair.Prompt)))], _model.Lattice);

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
