using HaloLab.Statistics;
using MathNet.Numerics.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// One score of several models' clips, prompt by prompt. A prompt's value is the mean over a model's clips of it that could be scored; prompts are the independent units.
/// </summary>
public sealed class MetricComparison
{
    private readonly IReadOnlyList<SortedDictionary<string, double>> _values;
    private readonly IReadOnlyList<int> _clips;

    /// <param name="scorer">The scorer.</param>
    /// <param name="score">What the score is called.</param>
    /// <param name="place">Its place among the scorer's.</param>
    /// <param name="rows">What the scorer said of each model's clips.</param>
    public MetricComparison(string scorer, string score, int place, IReadOnlyList<IReadOnlyList<ScoredClip>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (Scorer, Name) = (scorer, $"{scorer} {score}");
        ScoredClip[][] scored = [.. rows.Select(model => model.Where(row => row.Scores is not null).ToArray())];
        _clips = [.. scored.Select(model => model.Length)];
        _values = [.. scored.Select(model => new SortedDictionary<string, double>(
            model.GroupBy(row => row.Clip.Prompt).ToDictionary(prompt => prompt.Key, prompt => prompt.Average(row => row.Scores![place])), StringComparer.Ordinal))];
    }

    public string Scorer { get; }

    /// <summary>Scorer and score.</summary>
    public string Name { get; }

    /// <summary>Number of a model's clips that have the score.</summary>
    public int Clips(int model) => _clips[model];

    /// <summary>Mean over a model's prompts with its 95 % interval.</summary>
    public Interval Mean(int model) => Interval.OfMean([.. _values[model].Values]);

    /// <summary>Prompts of which both models have the score, with the second minus the first.</summary>
    public IReadOnlyList<(string Prompt, double Difference)> Differences(int first, int second) =>
        [.. _values[second].Where(item => _values[first].ContainsKey(item.Key)).Select(item => (item.Key, item.Value - _values[first][item.Key]))];

    /// <summary>The second model against the first.</summary>
    /// <param name="first">What is held against.</param>
    /// <param name="second">What is held.</param>
    /// <param name="seed">Seed of the resampling.</param>
    public ModelDifference Compare(int first, int second, long seed)
    {
        double[] differences = [.. Differences(first, second).Select(item => item.Difference)];
        RandomStream Stream(string what) => new(seed, $"{what} of {Name}, {second} against {first}");
        PairedDifference difference = PairedDifference.Of(differences, Stream("difference"), Stream("signs"));
        double[] won = [.. differences.Select(value => value > 0 ? 1 : value == 0 ? 0.5 : 0)];
        return new ModelDifference(
            Scorer,
            Name,
            first,
            second,
            differences.Length,
            difference.Mean,
            SmallestDetectableEffect.StudentT(differences.StandardDeviation() / Math.Sqrt(differences.Length), differences.Length - 1),
            difference.PValue,
            differences.Count(value => value > 0),
            differences.Count(value => value == 0),
            differences.Length < 2 ? Interval.Undefined(0.95) : PairedDifference.IntervalOfMean(won, Stream("wins")));
    }
}
