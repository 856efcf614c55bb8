using HaloLab.Statistics;

namespace HaloLab.Evaluation.Ratings;

/// <summary>
/// How far a difference of scores says how likely people are to prefer the higher one, as it is (σ of the difference) and after calibration. Calibrations are cross-fitted: units (videos or prompts) are dealt into folds, a pair
/// within a fold gets the probability of a curve that was fitted to the pairs within the other folds, and pairs across folds are left out, so that no unit speaks for itself.
/// </summary>
public sealed class PreferenceCalibration
{
    /// <summary>Folds that units are dealt into.</summary>
    public const int Folds = 5;

    /// <summary>Fewest pairs of each outcome that a curve is fitted to.</summary>
    public const int LeastPairs = 10;

    private const int PairsPerBin = 20;
    private const int Replicates = 500;
    private const double Level = 0.95;

    private readonly IReadOnlyList<JudgedPair> _all;
    private readonly JudgedPair[] _pairs;
    private readonly int _units;
    private readonly Func<int, RandomStream> _draws;

    private PreferenceCalibration(IReadOnlyList<JudgedPair> all, JudgedPair[] pairs, int units, Func<int, RandomStream> draws) => (_all, _pairs, _units, _draws) = (all, pairs, units, draws);

    /// <summary>What is compared.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["as it is", "temperature", "Platt", "isotonic"];

    /// <summary>The pairs within folds, which everything is measured on.</summary>
    public IReadOnlyList<JudgedPair> Pairs => _pairs;

    /// <summary>For each of <see cref="Methods"/> the probability of each pair that people prefer its first.</summary>
    public IReadOnlyList<double[]> Predicted { get; private init; } = [];

    /// <summary>For each pair the isotonic probability that the scorer is right, by the size of the margin, fitted to the other folds.</summary>
    public double[] ProbabilityOfBeingRight { get; private init; } = [];

    /// <summary>Cross-fits all methods.</summary>
    /// <param name="pairs">All pairs; those of which people prefer neither are not among them.</param>
    /// <param name="units">Number of units.</param>
    /// <param name="name">Names the streams that deal and draw.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <returns>Null where a fold has fewer than <see cref="LeastPairs"/> pairs of an outcome to fit to, or none to measure.</returns>
    public static PreferenceCalibration? Of(IReadOnlyList<JudgedPair> pairs, int units, string name, long seed)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        int[] order = [.. Enumerable.Range(0, units)];
        new RandomStream(seed, $"folds of {name}").Shuffle(order);
        int[] foldOf = new int[units];
        for (int place = 0; place < units; place++)
        {
            foldOf[order[place]] = place % Folds;
        }

        List<JudgedPair> measured = [];
        List<double>[] predicted = [.. Methods.Select(_ => new List<double>())];
        List<double> right = [];
        for (int fold = 0; fold < Folds; fold++)
        {
            JudgedPair[] own = [.. pairs.Where(pair => foldOf[pair.First] == fold && foldOf[pair.Second] == fold)];
            JudgedPair[] others = [.. pairs.Where(pair => foldOf[pair.First] != fold && foldOf[pair.Second] != fold)];
            int first = others.Count(pair => pair.PrefersFirst);
            if (own.Length == 0 || first < LeastPairs || others.Length - first < LeastPairs || others.Select(pair => pair.Margin).Distinct().Take(2).Count() < 2)
            {
                return null;
            }

            double[] margins = [.. others.Select(pair => pair.Margin)];
            bool[] prefers = [.. others.Select(pair => pair.PrefersFirst)];
            ICalibration[] curves =
            [
                new LogisticCalibration(1, 0), LogisticCalibration.OfTemperature(margins, prefers), LogisticCalibration.Platt(margins, prefers), IsotonicCalibration.Fit(margins, [.. prefers.Select(Outcome)]),
            ];
            IsotonicCalibration ofRight = Right(others);
            measured.AddRange(own);
            right.AddRange(own.Select(pair => ofRight.Probability(Math.Abs(pair.Margin))));
            foreach ((List<double> list, ICalibration curve) in predicted.Zip(curves))
            {
                list.AddRange(own.Select(pair => curve.Probability(pair.Margin)));
            }
        }

        return new PreferenceCalibration(pairs, [.. measured], units, method => new RandomStream(seed, $"reliability of {name}", method)) { Predicted = [.. predicted.Select(list => list.ToArray())], ProbabilityOfBeingRight = [.. right] };
    }

    /// <summary>How well the probabilities of a method are calibrated.</summary>
    /// <param name="method">Its place in <see cref="Methods"/>.</param>
    public PreferenceReliability Reliability(int method)
    {
        bool[] happened = [.. _pairs.Select(pair => pair.PrefersFirst)];
        return new PreferenceReliability(Methods[method], CalibrationBins.Brier(Predicted[method], happened), CalibrationBins.EqualWidth(Predicted[method], happened), CalibrationBins.EqualMass(Predicted[method], happened));
    }

    /// <summary>
    /// Bins of equal mass of a method, ten or as many as have twenty pairs each, at least two, with intervals over units: a unit that is drawn twice brings its pairs with every other twice.
    /// </summary>
    /// <param name="method">Its place in <see cref="Methods"/>.</param>
    public IReadOnlyList<(double Predicted, Interval Observed, int Count)> Diagram(int method)
    {
        int bins = Math.Clamp(_pairs.Length / PairsPerBin, 2, CalibrationBins.DefaultBins);
        int[] order = [.. Enumerable.Range(0, _pairs.Length).OrderBy(i => Predicted[method][i])];
        int[][] members = [.. order.Index().GroupBy(item => (int)((long)item.Index * bins / order.Length)).Select(bin => bin.Select(item => item.Item).ToArray())];
        RandomStream draws = _draws(method);
        double[][] shares = [.. members.Select(_ => new double[Replicates])];
        for (int replicate = 0; replicate < Replicates; replicate++)
        {
            int[] times = new int[_units];
            for (int i = 0; i < _units; i++)
            {
                times[draws.Next(_units)]++;
            }

            foreach ((int[] bin, int b) in members.Select((bin, b) => (bin, b)))
            {
                (double all, double preferring) = (0, 0);
                foreach (JudgedPair pair in bin.Select(i => _pairs[i]))
                {
                    double weight = pair.First == pair.Second ? times[pair.First] : times[pair.First] * times[pair.Second];
                    (all, preferring) = (all + weight, preferring + (pair.PrefersFirst ? weight : 0));
                }

                shares[b][replicate] = preferring / all;
            }
        }

        return [.. members.Select((bin, b) => (bin.Average(i => Predicted[method][i]), Percentile(bin.Average(i => Outcome(_pairs[i].PrefersFirst)), shares[b]), bin.Length))];
    }

    /// <summary>
    /// The tie threshold for a probability of being right: the smallest margin at which the isotonic curve of all pairs reaches it. What it costs and brings is measured across folds: pairs whose cross-fitted probability is below are tied.
    /// </summary>
    /// <param name="probability">In (0.5, 1).</param>
    public TieThreshold Threshold(double probability)
    {
        IsotonicCalibration curve = Right(_all);
        double[] margins = [.. _all.Select(pair => Math.Abs(pair.Margin)).Distinct().Order()];
        int place = Array.FindIndex(margins, margin => curve.Probability(margin) >= probability);
        JudgedPair[] kept = [.. _pairs.Where((_, i) => ProbabilityOfBeingRight[i] >= probability)];
        return new TieThreshold(
            probability,
            place < 0 ? double.NaN : place == 0 ? 0 : (margins[place - 1] + margins[place]) / 2,
            1 - ((double)kept.Length / _pairs.Length),
            kept.Length == 0 ? double.NaN : kept.Average(pair => Outcome(pair.IsRight)));
    }

    private static IsotonicCalibration Right(IReadOnlyList<JudgedPair> pairs) => IsotonicCalibration.Fit([.. pairs.Select(pair => Math.Abs(pair.Margin))], [.. pairs.Select(pair => pair.Margin == 0 ? 0.5 : Outcome(pair.IsRight))]);

    private static double Outcome(bool happened) => happened ? 1 : 0;

    private static Interval Percentile(double estimate, double[] replicates)
    {
        double[] sorted = [.. replicates.Where(value => !double.IsNaN(value)).Order()];
        double At(double probability) => sorted.Length == 0 ? double.NaN : sorted[(int)Math.Round(probability * (sorted.Length - 1))];
        return new Interval(estimate, At((1 - Level) / 2), At((1 + Level) / 2), Level);
    }
}
