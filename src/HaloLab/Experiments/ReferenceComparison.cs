using System.Globalization;
using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Evaluation;
using HaloLab.Evaluation.Scorers;
using HaloLab.Rewards;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// Models' clips against a reference, given clips or those of the first model: distances between the sets of features, and the likeness of clips of one prompt and number.
/// </summary>
public sealed partial class ReferenceComparison
{
    /// <summary>Fewest prompts on either side for a distance of features.</summary>
    public const int LeastPrompts = 6;

    /// <summary>A Fréchet distance needs so many clips for each feature: with fewer, what it is too high by no longer shrinks with one over their number, and cannot be taken off.</summary>
    public const int ClipsPerFeature = 2;

    private const int Replicates = 1000;
    private const int Groups = 20;

    private readonly List<ReferenceDistance> _distances = [];
    private readonly List<(string Model, string Scorer, IReadOnlyList<ScoredClip> Rows)> _rows = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _hashes = [];
    private readonly bool _isGiven;
    private readonly long _seed;

    /// <param name="models">The models.</param>
    /// <param name="reference">Clips of the reference; null: the first model's, against which the others then stand.</param>
    /// <param name="seed">Seed of the resampling.</param>
    public ReferenceComparison(IReadOnlyList<PromptedFolder> models, PromptedFolder? reference, long seed)
    {
        ArgumentNullException.ThrowIfNull(models);
        (Reference, Models, _isGiven, _seed) = (reference ?? models[0], reference is null ? [.. models.Skip(1)] : models, reference is not null, seed);
    }

    /// <summary>What the models are held against.</summary>
    public PromptedFolder Reference { get; }

    /// <summary>The models that are held against it.</summary>
    public IReadOnlyList<PromptedFolder> Models { get; }

    /// <summary>What was measured, in the order in which it was added.</summary>
    public IReadOnlyList<ReferenceDistance> Distances => _distances;

    /// <summary>The files that values depend on, by scorer and name, with their SHA-256.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Hashes => _hashes;

    /// <summary>Clips that do not count, and why.</summary>
    public IReadOnlyList<(string Model, string File, string Scorer, string Reason)> Missing =>
        [.. _rows.SelectMany(item => item.Rows.Where(row => row.Reason is not null).Select(row => (item.Model, row.Clip.File, item.Scorer, row.Reason!)))];

    /// <summary>The clip of the reference that each clip of a model is compared with: that of the same prompt and number, the digits at the end of the file's name, or the same name where there are none.</summary>
    /// <param name="model">The model.</param>
    /// <returns>Files by file; clips without such a partner are left out.</returns>
    public IReadOnlyDictionary<string, string> PairsOf(PromptedFolder model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Dictionary<(string Prompt, string Number), string> references = [];
        foreach (ClipToScore clip in Reference.Clips)
        {
            if (!references.TryAdd(PlaceOf(clip), clip.File))
            {
                throw new InputException($"{clip.File} and {references[PlaceOf(clip)]} have the same prompt and the same number at the end of their names. Expected clips of a prompt to differ in it, so that pairs can be found.");
            }
        }

        return model.Clips.Where(clip => references.ContainsKey(PlaceOf(clip))).ToDictionary(clip => clip.File, clip => references[PlaceOf(clip)]);
    }

    /// <summary>Adds the distances between sets of features: the unbiased kernel distance, and with enough clips the Fréchet distance.</summary>
    /// <param name="scorer">Whose features.</param>
    /// <param name="rows">Of each of <see cref="Models"/>.</param>
    /// <param name="reference">Of the reference.</param>
    public void AddFeatures(FeatureScorer scorer, IReadOnlyList<IReadOnlyList<ScoredClip>> rows, IReadOnlyList<ScoredClip> reference)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(reference);
        Keep(scorer, rows);
        _rows.Add((Reference.Model, scorer.Name, reference));
        ILookup<string, double[]>[] models = [.. rows.Select(Features)];
        ILookup<string, double[]> others = Features(reference);
        for (int i = 0; i < models.Length; i++)
        {
            string[] prompts = Union(models[i], others);
            ReferenceDistance Of(string score) => new(Models[i].Model, $"{scorer.Name} {score}", models[i].Sum(prompt => prompt.Count()), others.Sum(prompt => prompt.Count()), prompts.Length, Interval.Undefined(0.95));
            (ReferenceDistance kernel, ReferenceDistance frechet) = (Of("kernel distance"), Of("Fréchet distance"));
            if (Math.Min(models[i].Count, others.Count) < LeastPrompts)
            {
                string few = string.Create(CultureInfo.InvariantCulture, $"{models[i].Count} prompts of the model and {others.Count} of the reference: expected at least {LeastPrompts} of each");
                _distances.AddRange([kernel with { Reason = few }, frechet with { Reason = few }]);
                continue;
            }

            bool hasChange = _isGiven && i > 0 && models[0].Count >= LeastPrompts;
            string[] all = hasChange ? Union(models[0], models[i], others) : prompts;
            _distances.Add(kernel with
            {
                Value = Resampled(Kernel(prompts, models[i], others), $"{kernel.Score} of {Models[i].Model}"),
                Change = hasChange ? Resampled(Kernel(all, models[i], others).Minus(Kernel(all, models[0], others)), $"change of {kernel.Score} of {Models[i].Model}") : null,
            });

            int width = others.First().First().Length;
            int least = Math.Min(frechet.Clips, frechet.ReferenceClips);
            if (least < ClipsPerFeature * width)
            {
                _distances.Add(frechet with { Reason = string.Create(CultureInfo.InvariantCulture, $"features of width {width} need at least {ClipsPerFeature * width} clips on either side, and there are {frechet.Clips} and {frechet.ReferenceClips}; the kernel distance stands in for it") });
                continue;
            }

            (double uncorrected, Interval corrected) = Jackknife.Grouped(prompts.Length, kept => Frechet(prompts, kept, models[i], others), Groups);
            bool firstCounts = hasChange && models[0].Sum(prompt => prompt.Count()) >= ClipsPerFeature * width;
            _distances.Add(frechet with
            {
                Value = corrected,
                Uncorrected = uncorrected,
                Change = firstCounts ? Jackknife.Grouped(all.Length, kept => Frechet(all, kept, models[i], others) - Frechet(all, kept, models[0], others), Groups).Corrected : null,
            });
        }
    }

    /// <summary>Adds how like clips are to those of the reference of the same prompt and number.</summary>
    /// <param name="scorer">What was measured.</param>
    /// <param name="rows">Of each of <see cref="Models"/>.</param>
    public void AddLikeness(IVideoScorer scorer, IReadOnlyList<IReadOnlyList<ScoredClip>> rows)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(rows);
        Keep(scorer, rows);
        MetricComparison metric = new(scorer.Name, scorer.Dimensions[0], 0, rows);
        for (int i = 0; i < rows.Count; i++)
        {
            int pairs = metric.Clips(i);
            _distances.Add(new ReferenceDistance(
                Models[i].Model,
                scorer.Name,
                pairs,
                pairs,
                rows[i].Where(row => row.Scores is not null).Select(row => row.Clip.Prompt).Distinct().Count(),
                metric.Mean(i),
                Change: _isGiven && i > 0 && pairs > 0 && metric.Clips(0) > 0 ? metric.Compare(0, i, _seed).Difference : null,
                Reason: pairs > 0 ? "" : "no clip has a partner that it can be compared with"));
        }
    }

    /// <summary>The values as a table for people.</summary>
    public DataTable Table() => new(
        [new("model"), new("score"), new("clips", true, "0"), new("of the reference", true, "0"), new("value"), new("95 % interval"), new("uncorrected", true), new("change"), new("95 % interval"), new("why missing")],
        [.. _distances.Select(distance =>
        {
            (string value, string interval) = DisplayNumber.Estimate(distance.Value);
            (string change, string changeInterval) = DisplayNumber.Estimate(distance.Change);
            return (IReadOnlyList<object?>)[distance.Model, distance.Score, distance.Clips, distance.ReferenceClips, value, interval, distance.Uncorrected, change, changeInterval, distance.Reason];
        })]);

    /// <summary>The values with bare numbers, for other programs.</summary>
    internal DataTable Rows() => new(
        [.. new[] { "model", "reference", "score", "clips", "reference_clips", "prompts", "value", "low", "high", "uncorrected", "change", "change_low", "change_high", "reason" }.Select(name => new TableColumn(name))],
        [.. _distances.Select(distance => (IReadOnlyList<object?>)[
            distance.Model, Reference.Model, distance.Score, distance.Clips, distance.ReferenceClips, distance.Prompts, distance.Value.Estimate, distance.Value.Low, distance.Value.High,
            distance.Uncorrected, distance.Change?.Estimate, distance.Change?.Low, distance.Change?.High, distance.Reason,
        ])]);

    /// <summary>The table and how it came about.</summary>
    internal IEnumerable<HtmlFragment> Display() =>
    [
        Table().ToHtml(),
        HtmlFragment.Of($"<p class=\"halo-caption\">Against {Reference.Model}. Distances are between sets of clips, one vector of features a clip: of networks for pictures (dino, clip) its mean over frames, which does not see motion. The kernel distance is unbiased whatever the number of clips, and may be negative (pairs of one prompt are left out; BCa interval over prompts, {Replicates} resamples). The Fréchet distance is too high by an amount that shrinks with the number of clips: its value is corrected by a jackknife over {Groups} groups of prompts, which also gives the interval; uncorrected is the usual figure, to be held only against those of as many clips. psnr (in decibels) and ssim are means over prompts of pairs of the same prompt and number, t intervals over prompts. Change: minus the first model's value. No correction for the number of comparisons.</p>"),
    ];

    private static ILookup<string, double[]> Features(IReadOnlyList<ScoredClip> rows) => rows.Where(row => row.Scores is not null).ToLookup(row => row.Clip.Prompt, row => row.Scores!.ToArray(), StringComparer.Ordinal);

    private static string[] Union(params ILookup<string, double[]>[] sets) => [.. sets.SelectMany(set => set.Select(prompt => prompt.Key)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static PromptStatistic Kernel(string[] prompts, ILookup<string, double[]> x, ILookup<string, double[]> y) =>
        FeatureDistances.KernelByPrompt([.. prompts.Select(prompt => x[prompt].ToArray())], [.. prompts.Select(prompt => y[prompt].ToArray())]);

    private static double Frechet(string[] prompts, int[] kept, ILookup<string, double[]> x, ILookup<string, double[]> y) =>
        FeatureDistances.Frechet([.. kept.SelectMany(place => x[prompts[place]])], [.. kept.SelectMany(place => y[prompts[place]])]);

    private Interval Resampled(PromptStatistic statistic, string what)
    {
        BootstrapResult result = statistic.Bootstrap(new RandomStream(_seed, what), Replicates);
        return result.Bca.IsDefined ? result.Bca : result.Percentile;
    }

    private void Keep(IVideoScorer scorer, IReadOnlyList<IReadOnlyList<ScoredClip>> rows)
    {
        _hashes[scorer.Name] = scorer.Hashes;
        _rows.AddRange(rows.Select((model, i) => (Models[i].Model, scorer.Name, model)));
    }

    private static (string Prompt, string Number) PlaceOf(ClipToScore clip)
    {
        string name = Path.GetFileNameWithoutExtension(clip.File);
        return (clip.Prompt, LastNumber().Match(name) is { Success: true } number ? number.Value : name);
    }

    [GeneratedRegex(@"\d+$", RegexOptions.CultureInvariant)]
    private static partial Regex LastNumber();
}
