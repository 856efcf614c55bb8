using HaloLab.Statistics;

namespace HaloLab.Evaluation.Defects;

/// <summary>
/// Two models' defects on the prompts of both (claim C5). A prompt's value is that of all of a model's clips of it; prompts are the independent units. The share of defective patches is the declared comparison; all
/// others are corrected for their number.
/// </summary>
public sealed class DefectComparison
{
    /// <summary>Probability of being shown that the power analysis asks for.</summary>
    public const double Power = 0.8;

    private static readonly double[] Reductions = [0.1, 0.25, 0.5];

    private readonly double _effect;

    /// <param name="first">Clips of the model that is held against.</param>
    /// <param name="second">Clips of the model that is held, judged by the same level on the same grid.</param>
    /// <param name="effect">A difference of the share of defective patches that the power analysis is to be made for, too; NaN: none.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <exception cref="InputException">The models share no prompt, or their grids differ.</exception>
    public DefectComparison(DefectSample first, DefectSample second, double effect, long seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Grid != second.Grid)
        {
            throw new InputException($"The patches of the one model are {first.Grid}, those of the other {second.Grid}. Judge both on one grid.");
        }

        (First, Second, _effect) = (first, second, effect);
        Prompts = [.. first.Prompts.Intersect(second.Prompts, StringComparer.Ordinal)];
        if (Prompts.Count == 0)
        {
            throw new InputException($"The models share no prompt; for example '{second.Prompts[0]}' is not among the first one's. They are compared on the prompts of both.");
        }

        DefectMeasure[] measures = [DefectMeasure.Patches, DefectMeasure.Clips, .. DefectMeasure.Times(first.Grid), .. DefectMeasure.Places(first.Grid), .. DefectMeasure.Kinds(first, second)];
        DefectDifference[] differences = [.. measures.Select(measure => Compare(measure, seed))];
        double[] corrected = [double.NaN, .. MultipleComparisons.Holm([.. differences.Skip(1).Select(row => row.Difference.PValue)])];
        Differences = [.. differences.Zip(corrected, (row, p) => row with { Holm = p })];
    }

    public DefectSample First { get; }

    public DefectSample Second { get; }

    /// <summary>The prompts of both.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>The declared comparison, then the others.</summary>
    public IReadOnlyList<DefectDifference> Differences { get; }

    /// <summary>
    /// How many prompts such a comparison of the share of defective patches needs, with as many clips of each: for the effect asked for, for a tenth, a quarter and a half of the first model's defects gone, and for what was
    /// found; from the deviation of the prompts' differences.
    /// </summary>
    public IReadOnlyList<(string Effect, double Difference, int? Prompts)> PowerAnalysis()
    {
        DefectDifference declared = Differences[0];
        (string, double)[] effects =
        [
            .. double.IsNaN(_effect) ? Array.Empty<(string, double)>() : [("asked for", _effect)],
            .. Reductions.Select(share => (FormattableString.Invariant($"{100 * share} % of the defects gone"), -share * declared.First)),
            ("as found here", declared.Difference.Mean.Estimate),
        ];
        return [.. effects.Select(effect => (effect.Item1, effect.Item2, SmallestDetectableEffect.DifferencesFor(effect.Item2, declared.Deviation, power: Power)))];
    }

    /// <summary>Smallest difference of the share of defective patches that a comparison on so many prompts shows with <see cref="Power"/>.</summary>
    public double SmallestDetectable() => SmallestDetectableEffect.StudentT(Differences[0].Deviation / Math.Sqrt(Prompts.Count), Prompts.Count - 1, power: Power);

    private DefectDifference Compare(DefectMeasure measure, long seed)
    {
        IReadOnlyDictionary<string, double> first = First.ByPrompt(measure);
        IReadOnlyDictionary<string, double> second = Second.ByPrompt(measure);
        string[] both = [.. Prompts.Where(prompt => first.ContainsKey(prompt) && second.ContainsKey(prompt))];
        double[] differences = [.. both.Select(prompt => second[prompt] - first[prompt])];
        RandomStream Stream(string what) => new(seed, $"{what} of {measure.Group}, {measure.Name}");
        return new DefectDifference(
            measure.Group,
            measure.Name,
            Moments.Mean([.. both.Select(prompt => first[prompt])]),
            Moments.Mean([.. both.Select(prompt => second[prompt])]),
            PairedDifference.Of(differences, Stream("difference"), Stream("signs")),
            Moments.StandardDeviation(differences),
            double.NaN);
    }
}
