using HaloLab.Rewards;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>Several models' clips under several scorers: every model against the first, corrected for the number of comparisons.</summary>
public sealed class ModelComparison
{
    private readonly List<MetricComparison> _metrics = [];
    private readonly List<(string Scorer, IReadOnlyDictionary<string, string> Hashes, IReadOnlyList<IReadOnlyList<ScoredClip>> Rows, ScorerControls Controls)> _scorers = [];
    private readonly long _seed;

    /// <param name="models">The models; the others are held against the first.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <exception cref="InputException">Fewer than two models, two of one name, or one that shares no prompt with the first.</exception>
    public ModelComparison(IReadOnlyList<PromptedFolder> models, long seed)
    {
        ArgumentNullException.ThrowIfNull(models);
        (Models, _seed) = (models, seed);
        if (models.Count < 2)
        {
            throw new InputException("There is one model, and nothing to compare it with. Expected at least two folders.");
        }

        if (models.GroupBy(model => model.Model).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InputException($"Two models are called '{twice.Key}'. Name them: NAME=FOLDER.");
        }

        HashSet<string> prompts = [.. models[0].Clips.Select(clip => clip.Prompt)];
        if (models.FirstOrDefault(model => !model.Clips.Any(clip => prompts.Contains(clip.Prompt))) is { } stranger)
        {
            throw new InputException($"'{stranger.Model}' and '{models[0].Model}' share no prompt, for example '{stranger.Clips[0].Prompt}' is not among the latter's. Models are compared on the prompts of both.");
        }
    }

    public IReadOnlyList<PromptedFolder> Models { get; }

    /// <summary>The scores, in the order in which scorers were added.</summary>
    public IReadOnlyList<MetricComparison> Metrics => _metrics;

    /// <summary>Whether each scorer notices what it should.</summary>
    public IReadOnlyList<ScorerControls> Controls => [.. _scorers.Select(scorer => scorer.Controls)];

    /// <summary>The files that scores depend on, by scorer and name, with their SHA-256.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Hashes => _scorers.ToDictionary(scorer => scorer.Scorer, scorer => scorer.Hashes);

    /// <summary>Clips without a score, and why.</summary>
    public IReadOnlyList<(string Model, string File, string Scorer, string Reason)> Missing =>
        [.. _scorers.SelectMany(scorer => scorer.Rows.SelectMany((rows, m) => rows.Where(row => row.Reason is not null).Select(row => (Models[m].Model, row.Clip.File, scorer.Scorer, row.Reason!))))];

    /// <summary>What was done to clips when they were read, of those to whom anything was.</summary>
    public IReadOnlyList<(string Model, string File, string Remark)> Remarks =>
        [.. _scorers.SelectMany(scorer => scorer.Rows.SelectMany((rows, m) => rows.Where(row => row.Remark.Length > 0).Select(row => (Models[m].Model, row.Clip.File, row.Remark)))).Distinct()];

    /// <summary>The first clip of a prompt that the first scorer could score.</summary>
    internal string FirstScored(int model, string prompt) => _scorers[0].Rows[model].First(row => row.Scores is not null && row.Clip.Prompt == prompt).Clip.File;

    /// <summary>Adds what a scorer said.</summary>
    /// <param name="scorer">The scorer.</param>
    /// <param name="rows">Of each model's clips.</param>
    /// <param name="changed">Of the changed clips (<see cref="ScorerControls.ClipsOf"/>) of the first model.</param>
    public void Add(IVideoScorer scorer, IReadOnlyList<IReadOnlyList<ScoredClip>> rows, IReadOnlyList<ScoredClip> changed)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(rows);
        _scorers.Add((scorer.Name, scorer.Hashes, rows, new ScorerControls(scorer.Name, scorer.Dimensions, [.. rows[0], .. changed], scorer.IsMeasurement)));
        _metrics.AddRange(scorer.Dimensions.Select((dimension, d) => new MetricComparison(scorer.Name, dimension, d, rows)));
    }

    /// <summary>Every score of every other model against the first, with Holm's correction over all of them.</summary>
    public IReadOnlyList<(ModelDifference Difference, double Holm)> Differences()
    {
        ModelDifference[] differences = [.. Enumerable.Range(1, Models.Count - 1).SelectMany(model => _metrics.Select(metric => metric.Compare(0, model, _seed)))];
        return [.. differences.Zip(MultipleComparisons.Holm([.. differences.Select(difference => difference.PValue)]))];
    }
}
