using HaloLab.Evaluation;
using HaloLab.Evaluation.Defects;
using HaloLab.Statistics;

namespace HaloLab.Experiments.Defects;

/// <summary>Every number about the defects of a model's clips (docs/defects.md), with intervals over prompts.</summary>
/// <param name="sample">The clips.</param>
/// <param name="seed">Seed of the resampling.</param>
public sealed class DefectFindings(DefectSample sample, long seed)
{
    private const double Level = 0.95;
    private const int LeastForCorrelation = 4;

    private static readonly (string Name, (int, int, int) Step)[] Steps = [("next in time", (1, 0, 0)), ("below", (0, 1, 0)), ("to the right", (0, 0, 1))];

    private readonly ConnectedDefect[][] _connected =
        [.. Enumerable.Range(0, sample.Clips.Count).Select(clip => ConnectedDefect.Find(sample.Grid, cell => sample.IsDefective(clip, cell)).ToArray())];

    /// <summary>All findings, group by group.</summary>
    public IReadOnlyList<DefectFinding> All() =>
    [
        .. Existence(), .. DefectMeasure.Kinds(sample).Select(Share), .. Sizes(), .. Concentration(), .. Times(), .. Neighbours(), .. VideoScore(), .. Prompts(), .. DefectMeasure.Places(sample.Grid).Select(Share),
    ];

    /// <summary>How many connected defects have how many patches, and what share of the defective patches lies in them.</summary>
    public IReadOnlyList<(string Patches, int Defects, double ShareOfDefects, double ShareOfPatches)> SizeTable()
    {
        int[] sizes = [.. _connected.SelectMany(clip => clip).Select(defect => defect.Patches)];
        List<(string, int, double, double)> rows = [];
        for (int least = 1; sizes.Length > 0 && least <= sizes.Max(); least *= 2)
        {
            int most = (2 * least) - 1;
            int[] own = [.. sizes.Where(size => size >= least && size <= most)];
            rows.Add((least == most ? $"{least}" : $"{least} to {most}", own.Length, (double)own.Length / sizes.Length, (double)own.Sum() / sizes.Sum()));
        }

        return rows;
    }

    /// <summary>The largest connected defect of a clip; 0 where it has none.</summary>
    public int Largest(int clip) => _connected[clip].Select(defect => defect.Patches).DefaultIfEmpty(0).Max();

    private IEnumerable<DefectFinding> Existence() => new[] { DefectMeasure.Patches, DefectMeasure.Clips, DefectMeasure.TopHalf, DefectMeasure.BottomHalf }.Select(Share);

    private IEnumerable<DefectFinding> Sizes() =>
    [
        Over("size", "connected defects of a clip", sample.Ratio(clip => _connected[clip].Length, _ => 1)),
        Over("size", "patches of a connected defect", sample.Ratio(clip => _connected[clip].Sum(defect => defect.Patches), clip => _connected[clip].Length)),
        Over("size", "time steps that a connected defect spans", sample.Ratio(clip => _connected[clip].Sum(defect => defect.Times), clip => _connected[clip].Length)),
    ];

    private IEnumerable<DefectFinding> Concentration()
    {
        DefectClustering clustering = new(sample);
        (double overPlaces, double atRandom, double pValue) = clustering.OverPlaces(new RandomStream(seed, "defects, moved"));
        return
        [
            Over("concentration", "Gini over clips", clustering.OverClips()) with { AtRandom = clustering.OverClipsAtRandom(new RandomStream(seed, "defects, shuffled")) },

            // Few defects leave most cells empty, the more so in a resample: an interval by resampling would not hold the coefficient.
            new("concentration", "Gini over places and times", Interval.Undefined(Level, overPlaces), sample.Prompts.Count, atRandom, pValue, pValue),
        ];
    }

    private IEnumerable<DefectFinding> Times()
    {
        DefectClustering clustering = new(sample);
        return [Over("time", "time steps that a defect lasts at its place", clustering.RunLength()) with { AtRandom = clustering.RunLengthAtRandom() }, .. DefectMeasure.Times(sample.Grid).Select(Share)];
    }

    private IEnumerable<DefectFinding> Neighbours()
    {
        DefectClustering clustering = new(sample);
        return
        [
            .. Steps.Select(step => Over("neighbours", $"correlation of being defective with the patch {step.Name}", clustering.Neighbours(step.Step)) with { AtRandom = 0 }),
            .. Steps.Select(step => Over("neighbours", $"correlation of quality with the patch {step.Name}, within clips", clustering.NeighboursWithinClips(step.Step)) with { AtRandom = 0 }),
        ];
    }

    private IEnumerable<DefectFinding> VideoScore()
    {
        QualityVariance variance = new(sample);
        return
        [
            Over("video score", "variance of patch quality within clips", variance.WithinClips()),
            Over("video score", "variance of patch quality that the video score explains", variance.Explained()),
            Over("video score", "variance of patch quality that it misses", variance.Missed()),
        ];
    }

    private DefectFinding[] Prompts()
    {
        IReadOnlyDictionary<string, double> shares = sample.ByPrompt(DefectMeasure.Patches);
        (PromptFeatures Features, double Share)[] prompts = [.. shares.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => (PromptFeatures.Of(item.Key), item.Value))];
        DefectFinding[] found = [.. PromptFeatures.All.Select(feature =>
        {
            double[] counted = [.. prompts.Select(prompt => feature.Value(prompt.Features))];
            double[] defective = [.. prompts.Select(prompt => prompt.Share)];
            CorrelationResult spearman = Correlation.Spearman(counted, defective);
            Interval interval = prompts.Length < LeastForCorrelation || double.IsNaN(spearman.Estimate)
                ? Interval.Undefined(Level, spearman.Estimate)
                : Of(Bootstrap.Run(prompts.Length, drawn => Correlation.Spearman(Array.ConvertAll(drawn, i => counted[i]), Array.ConvertAll(drawn, i => defective[i])).Estimate, Stream("prompt", feature.Name), level: Level));
            return new DefectFinding("prompt", $"rank correlation of defective patches with {feature.Name}", interval, prompts.Length, PValue: prompts.Length < LeastForCorrelation ? double.NaN : spearman.PValue);
        })];
        double[] corrected = MultipleComparisons.Holm([.. found.Select(finding => finding.PValue)]);
        return [.. found.Zip(corrected, (finding, p) => finding with { Holm = p })];
    }

    /// <summary>A share. Where no prompt has any, or all are whole, there is nothing to resample, and the interval is that of so many prompts (Clopper and Pearson 1934).</summary>
    private DefectFinding Share(DefectMeasure measure)
    {
        int prompts = sample.ByPrompt(measure).Count;
        DefectFinding finding = Over(measure.Group, measure.Name, sample.Share(measure)) with { Prompts = prompts };
        return finding.Value.Estimate is 0 or 1 && prompts > 1 ? finding with { Value = Proportion.ClopperPearson(finding.Value.Estimate == 0 ? 0 : prompts, prompts, Level) } : finding;
    }

    private DefectFinding Over(string group, string name, PromptStatistic statistic) => new(
        group,
        name,
        statistic.Prompts < 2 ? Interval.Undefined(Level, statistic.Estimate()) : Of(statistic.Bootstrap(Stream(group, name), level: Level)),
        statistic.Prompts);

    private RandomStream Stream(string group, string name) => new(seed, $"defects, {group}, {name}");

    private static Interval Of(BootstrapResult result) => result.Bca.IsDefined ? result.Bca : result.Percentile;
}
