using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.Evaluation.Scorers;
using HaloLab.Rewards;

namespace HaloLab.Experiments;

/// <summary>
/// Looks at a generator while it is trained: every so many steps it samples the same prompts with the same noise, scores the clips by the reward that is trained for, by judges that are not, and by their appearance, and raises
/// an alarm where these part (<see cref="RewardWatch.Alarm"/>). The series lies in <c>watch/KEY/series.jsonl</c>, a line a look; alarms in <c>alarms.txt</c>, the prompts in <c>prompts.json</c> and the clips in <c>step-STEP</c> beside it. It draws no random number of the training, so
/// the trained weights are the same with it and without it.
/// </summary>
/// <param name="model">What samples; it stays the caller's.</param>
/// <param name="scorers">The reward that is trained for, and at least one judge beside it.</param>
/// <param name="open">Loads a scorer.</param>
/// <param name="trained">Which of the scorers is trained for.</param>
/// <param name="prompts">What is sampled.</param>
/// <param name="every">Steps between two looks, at least 1; the first is before the first step, the last after the last one.</param>
/// <param name="seed">Seed of the noise.</param>
/// <param name="say">Told what a person should read.</param>
public sealed class TrainingWatch(
    ITunableModel model, IReadOnlyList<ScorerFolder> scorers, Func<ScorerFolder, IVideoScorer> open, string trained, IReadOnlyList<string> prompts, int every, long seed, Action<string> say)
{
    /// <summary>Fewest prompts: with fewer an interval over them says little.</summary>
    public const int LeastPrompts = 6;

    /// <summary>Prompts of the training that are sampled when none are named.</summary>
    public const int DefaultPrompts = 8;

    /// <summary>Folder of a run's watches.</summary>
    internal const string Folder = "watch";

    /// <summary>The prompts of a watch, in the order of its clips.</summary>
    internal const string PromptsFile = "prompts.json";

    /// <summary>How the folders of a watch's clips begin.</summary>
    internal const string StepPrefix = "step-";

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    private readonly string[] _prompts = [.. prompts.Select(model.Understood).Distinct()];
    private readonly SortedDictionary<long, Look> _looks = [];
    private string _root = "";
    private string _folder = "";

    /// <summary>Name of the clip of a prompt, as <see cref="ITunableModel.Sample"/> writes it.</summary>
    /// <param name="prompt">Its place.</param>
    internal static string ClipFile(int prompt) => ClipName(prompt) + ".png";

    /// <inheritdoc cref="ClipFile"/>
    internal static string ClipName(int prompt) => string.Create(CultureInfo.InvariantCulture, $"clip-{prompt:000}");

    /// <summary>Where the clips of a look lie.</summary>
    internal static string StepFolder(string watch, long step) => Path.Combine(watch, string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{step:000000}"));

    /// <exception cref="InputException">A setting does not fit; the message names it.</exception>
    public void Validate()
    {
        Require(every >= 1, string.Create(CultureInfo.InvariantCulture, $"--watch-every {every}: expected at least 1."));
        Require(scorers.Any(scorer => scorer.Kind == trained), $"--trained {trained}: expected one of the watched scorers, {string.Join(", ", scorers.Select(scorer => scorer.Kind))}.");
        Require(scorers.Any(scorer => scorer.Kind != trained && scorer.Kind != AppearanceScorer.Kind), $"--watch names no judge beside {trained}: expected at least one scorer that is not trained for.");
        Require(_prompts.Length >= LeastPrompts, string.Create(CultureInfo.InvariantCulture, $"There are {_prompts.Length} different prompts to watch, as the model understands them: expected at least {LeastPrompts}. Name them with --watch-prompts FILE, one on each line."));

        static void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new InputException(message);
            }
        }
    }

    /// <summary>Reads what an interrupted training has looked at already.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="training">What decides the trained weights.</param>
    internal void Begin(string folder, string training)
    {
        _root = Path.Combine(folder, Folder);
        _folder = FolderOf(training);
        Read();
    }

    /// <summary>Goes on with the looks at another training, as far as this one goes on from it.</summary>
    /// <param name="training">What decided the other's weights.</param>
    /// <param name="steps">Steps that it was gone on from.</param>
    internal void TakeOver(string training, long steps)
    {
        string other = FolderOf(training);
        if (other == _folder || !Directory.Exists(other))
        {
            return;
        }

        string own = _folder;
        _folder = other;
        Read();
        foreach (long later in _looks.Keys.Where(step => step > steps).ToArray())
        {
            _looks.Remove(later);
        }

        Write();

        // Clips that are there are not sampled again.
        foreach (string clips in Directory.GetDirectories(other, StepPrefix + "*").Where(clips => string.CompareOrdinal(clips, StepFolder(other, steps)) > 0))
        {
            Directory.Delete(clips, recursive: true);
        }

        if (Directory.Exists(own))
        {
            // Looks at a training that nobody goes on with.
            Directory.Delete(own, recursive: true);
        }

        Directory.Move(other, own);
        _folder = own;
    }

    /// <summary>Looks at the model if it is time to, and it was not looked at already.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="save">Writes the weights as they are.</param>
    /// <param name="cancellation">Stops; the same look begins again.</param>
    internal void See(long step, Action<string> save, CancellationToken cancellation)
    {
        if (step % every != 0 || _looks.ContainsKey(step))
        {
            return;
        }

        string tuned = Path.Combine(_folder, "weights");
        string exported = Path.Combine(_folder, "model");
        Directory.CreateDirectory(tuned);
        save(tuned);
        model.Export(tuned, exported);
        LookAt(step, exported, cancellation);
        Directory.Delete(tuned, recursive: true);
        Directory.Delete(exported, recursive: true);
    }

    /// <summary>Looks at the trained model, and says what there is to read.</summary>
    /// <param name="steps">Steps of the training.</param>
    /// <param name="exported">The model.</param>
    /// <param name="cancellation">Stops; the same look begins again.</param>
    internal void Finish(long steps, string exported, CancellationToken cancellation)
    {
        if (!_looks.ContainsKey(steps))
        {
            LookAt(steps, exported, cancellation);
        }

        if (!_looks.ContainsKey(0))
        {
            say("The training was finished before it was watched: there is nothing to hold its end against. Give another --out to train again and watch.");
        }

        int alarms = _looks.Values.Count(look => look.Alarm is not null);
        say(string.Create(CultureInfo.InvariantCulture, $"Watched at {_looks.Count} steps, {alarms} alarms: {SeriesPath}"));
    }

    private string SeriesPath => Path.Combine(_folder, "series.jsonl");

    private string FolderOf(string training)
    {
        byte[] identity = JsonSerializer.SerializeToUtf8Bytes(new { training, prompts = _prompts, seed, trained, scorers });
        return Path.Combine(_root, Convert.ToHexStringLower(SHA256.HashData(identity))[..12]);
    }

    private void Read()
    {
        foreach (string line in File.Exists(SeriesPath) ? File.ReadLines(SeriesPath) : [])
        {
            try
            {
                Look look = JsonSerializer.Deserialize<Look>(line, Format) ?? throw new JsonException("null");
                _looks[look.Step] = look;
            }
            catch (JsonException exception)
            {
                throw new InputException($"{SeriesPath}: a line is no look at a training ({exception.Message}). Delete the folder {_folder} to look again.", exception);
            }
        }
    }

    private void Write() => AtomicFile.WriteAllText(SeriesPath, string.Concat(_looks.Values.Select(look => JsonSerializer.Serialize(look, Format) + "\n")));

    private void LookAt(long step, string exported, CancellationToken cancellation)
    {
        string folder = StepFolder(_folder, step);
        Directory.CreateDirectory(folder);
        JsonFile.Write(Path.Combine(_folder, PromptsFile), _prompts);
        IReadOnlyList<string> files = model.Sample(exported, _prompts, seed, folder, cancellation);
        ClipToScore[] clips = [.. files.Zip(_prompts, (file, prompt) => new ClipToScore(file, prompt))];
        ClipScoring scoring = new(Path.Combine(_folder, "cache"));
        List<WatchedScore> scores = [];
        Dictionary<string, string> models = [];
        List<string> missing = [];
        foreach (ScorerFolder named in scorers.Where(scorer => scorer.Kind != AppearanceScorer.Kind).Append(new ScorerFolder(AppearanceScorer.Kind, "")))
        {
            using IVideoScorer scorer = open(named);
            models[scorer.Name] = FileHash.OfAll(scorer.Hashes);
            IReadOnlyList<ScoredClip> rows = scoring.ScoreAsync(scorer, clips, _ => { }, cancellation).GetAwaiter().GetResult();
            scores.AddRange(scorer.Dimensions.Select((dimension, d) => new WatchedScore(scorer.Name, $"{scorer.Name} {dimension}", [.. rows.Select(row => row.Scores?[d])])));
            missing.AddRange(rows.Where(row => row.Reason is not null).Select(row => $"{scorer.Name}: {row.Reason}"));
        }

        Look? first = _looks.GetValueOrDefault(0);
        if (first is not null && models.FirstOrDefault(item => first.Models.GetValueOrDefault(item.Key) != item.Value).Key is string changed)
        {
            throw new InputException($"{changed} is another model than at the first look at this training. Give the files it had then, or delete {_folder} and train into another --out.");
        }

        string? alarm = first is null ? null : RewardWatch.Alarm(first.Scores, scores, trained);
        _looks[step] = new Look(step, scores.ToDictionary(score => score.Name, score => Mean(score.Values)), scores, models, missing, alarm);
        Write();
        if (alarm is not null)
        {
            string[] alarms = [.. _looks.Values.Where(look => look.Alarm is not null).Select(InWords)];
            AtomicFile.WriteAllText(Path.Combine(_folder, "alarms.txt"), string.Join('\n', alarms) + "\n");
            say(InWords(_looks[step]));
        }
    }

    private static double? Mean(IReadOnlyList<double?> values) => values.Average();

    private static string InWords(Look look) => string.Create(CultureInfo.InvariantCulture, $"Step {look.Step}: {look.Alarm}");

    /// <summary>One look, a line of the series.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Means">Mean of each score over the prompts that have it.</param>
    /// <param name="Scores">The scores of each prompt's clip.</param>
    /// <param name="Models">Hash of each scorer's files.</param>
    /// <param name="Missing">Why clips have no score.</param>
    /// <param name="Alarm">The alarm, or null.</param>
    private sealed record Look(
        long Step, IReadOnlyDictionary<string, double?> Means, IReadOnlyList<WatchedScore> Scores, IReadOnlyDictionary<string, string> Models, IReadOnlyList<string> Missing, string? Alarm);
}
