using MathNet.Numerics;

namespace HaloLab.Statistics;

/// <summary>
/// Correlation of paired values. A constant or non-finite input, or fewer than two pairs, gives an undefined (NaN) estimate and p-value;
/// unequal lengths throw <see cref="ArgumentException"/>.
/// </summary>
public static class Correlation
{
    /// <summary>Kendall's exact null distribution is used up to this many pairs.</summary>
    public const int MaxExactKendallPairs = 33;

    /// <summary>Pearson's r; the p-value assumes normal values (t with n − 2 degrees of freedom) and is 1 for two pairs.</summary>
    public static CorrelationResult Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (!IsDefined(x, y))
        {
            return new CorrelationResult(double.NaN, double.NaN, x.Length);
        }

        double meanX = Moments.Mean(x);
        double meanY = Moments.Mean(y);
        double xx = 0.0;
        double yy = 0.0;
        double xy = 0.0;
        for (int i = 0; i < x.Length; i++)
        {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }

        // Written so that exactly proportional deviations give exactly ±1.
        double r = x.Length == 2 ? Math.Sign(xy) : Math.Clamp(xy / xx * Math.Sqrt(xx / yy), -1.0, 1.0);
        double pValue = x.Length == 2 ? 1.0 : SpecialFunctions.BetaRegularized((x.Length - 2) / 2.0, 0.5, (1.0 - r) * (1.0 + r));
        return new CorrelationResult(r, pValue, x.Length);
    }

    /// <summary>Spearman's ρ: Pearson's r of the average ranks; p-value from t with n − 2 degrees of freedom.</summary>
    public static CorrelationResult Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => IsDefined(x, y)
        ? Pearson(Ranks.Average(x), Ranks.Average(y))
        : new CorrelationResult(double.NaN, double.NaN, x.Length);

    /// <summary>
    /// Kendall's τ-b: concordant minus discordant pairs over the geometric mean of the pairs untied in x and in y.
    /// </summary>
    /// <param name="x">Values or grades.</param>
    /// <param name="y">As many as <paramref name="x"/>.</param>
    /// <param name="method">
    /// <see cref="PValueMethod.Auto"/> is exact for untied values up to <see cref="MaxExactKendallPairs"/> pairs (or with at most one
    /// pair out of order), else normal. <see cref="PValueMethod.Exact"/> with ties is undefined: the p-value is NaN.
    /// </param>
    public static CorrelationResult KendallTauB(ReadOnlySpan<double> x, ReadOnlySpan<double> y, PValueMethod method = PValueMethod.Auto)
    {
        if (!IsDefined(x, y))
        {
            return new CorrelationResult(double.NaN, double.NaN, x.Length);
        }

        PairCounts pairs = new(x, y);
        double tau = pairs.Score / Math.Sqrt(pairs.Total - pairs.TiedX) / Math.Sqrt(pairs.Total - pairs.TiedY);
        return new CorrelationResult(Math.Clamp(tau, -1.0, 1.0), pairs.PValue(method), x.Length);
    }

    /// <summary>
    /// Stuart's τ-c, for tables with unequal numbers of grades: concordant minus discordant pairs over n²(m − 1)/(2m), m being the smaller
    /// number of distinct values. Its p-value is that of <see cref="KendallTauB"/>.
    /// </summary>
    public static CorrelationResult KendallTauC(ReadOnlySpan<double> x, ReadOnlySpan<double> y, PValueMethod method = PValueMethod.Auto)
    {
        if (!IsDefined(x, y))
        {
            return new CorrelationResult(double.NaN, double.NaN, x.Length);
        }

        PairCounts pairs = new(x, y);
        double classes = Math.Min(pairs.DistinctX, pairs.DistinctY);
        double tau = 2.0 * pairs.Score / (Math.Pow(x.Length, 2) * (classes - 1.0) / classes);
        return new CorrelationResult(Math.Clamp(tau, -1.0, 1.0), pairs.PValue(method), x.Length);
    }

    /// <summary>Fisher's interval of Pearson's r: atanh(r) ± z/√(n − 3); (−1, 1) for three pairs or fewer.</summary>
    /// <param name="r">The estimate, in [−1, 1].</param>
    /// <param name="count">Number of pairs.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    public static Interval FisherInterval(double r, int count, double level = 0.95)
    {
        if (double.IsNaN(r))
        {
            return Interval.Undefined(level);
        }

        if (count <= 3)
        {
            return new Interval(r, -1.0, 1.0, level);
        }

        double margin = Distributions.NormalTwoSidedQuantile(level) / Math.Sqrt(count - 3.0);
        return new Interval(r, Math.Tanh(Math.Atanh(r) - margin), Math.Tanh(Math.Atanh(r) + margin), level);
    }

    private static bool IsDefined(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Moments.RequireSameLength(x.Length, y.Length);
        return x.Length >= 2 && Moments.AllFinite(x) && Moments.AllFinite(y) && !Moments.IsConstant(x) && !Moments.IsConstant(y);
    }

    /// <summary>Concordant, discordant and tied pairs, counted in n log n (Knight 1966).</summary>
    private readonly struct PairCounts
    {
        private readonly long _count;
        private readonly long _discordant;
        private readonly int[] _groupsX;
        private readonly int[] _groupsY;

        public PairCounts(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
        {
            (double X, double Y)[] points = new (double, double)[x.Length];
            for (int i = 0; i < points.Length; i++)
            {
                points[i] = (x[i], y[i]);
            }

            Array.Sort(points);
            double[] sortedByX = Array.ConvertAll(points, point => point.Y);
            _count = points.Length;
            _discordant = CountInversions(sortedByX, new double[points.Length], 0, points.Length);
            _groupsX = Ranks.GroupSizes(x);
            _groupsY = Ranks.GroupSizes(y);
            long tiedInBoth = points.GroupBy(point => point).Sum(group => Choose2(group.Count()));
            Score = Total - TiedX - TiedY + tiedInBoth - (2 * _discordant);
        }

        public long Total => Choose2(_count);

        public long TiedX => _groupsX.Sum(size => Choose2(size));

        public long TiedY => _groupsY.Sum(size => Choose2(size));

        public int DistinctX => _groupsX.Length;

        public int DistinctY => _groupsY.Length;

        /// <summary>Concordant minus discordant pairs.</summary>
        public long Score { get; }

        public double PValue(PValueMethod method)
        {
            bool untied = DistinctX == _count && DistinctY == _count;
            long outOfOrder = Math.Min(_discordant, Total - _discordant);
            bool cheap = _count <= MaxExactKendallPairs || outOfOrder <= 1;
            if (method == PValueMethod.Normal || (method == PValueMethod.Auto && !(untied && cheap)))
            {
                return NormalPValue();
            }

            return untied ? ExactPValue((int)_count, outOfOrder) : double.NaN;
        }

        /// <summary>Kendall's tie-corrected variance of the score under independence.</summary>
        private double NormalPValue()
        {
            double n = _count;
            double pairs = n * (n - 1.0);
            double variance = (((pairs * ((2.0 * n) + 5.0)) - _groupsX.Sum(VarianceTerm) - _groupsY.Sum(VarianceTerm)) / 18.0)
                + (2.0 * TiedX * TiedY / pairs);
            if (n > 2.0)
            {
                variance += _groupsX.Sum(TripleTerm) * _groupsY.Sum(TripleTerm) / (9.0 * pairs * (n - 2.0));
            }

            return Distributions.NormalPValue(Score / Math.Sqrt(variance), Alternative.TwoSided);
        }

        private static double VarianceTerm(int size) => size * (size - 1.0) * ((2.0 * size) + 5.0);

        private static double TripleTerm(int size) => size * (size - 1.0) * (size - 2.0);

        /// <summary>2·P(at most that many inversions) of a random permutation.</summary>
        private static double ExactPValue(int n, long inversions)
        {
            // probability[k]: that a random permutation of the first m elements has k inversions; element m adds 0 .. m − 1.
            double[] probability = new double[inversions + 1];
            probability[0] = 1.0;
            for (int m = 2; m <= n; m++)
            {
                double[] next = new double[inversions + 1];
                double window = 0.0;
                for (int k = 0; k <= inversions; k++)
                {
                    window += probability[k] - (k >= m ? probability[k - m] : 0.0);
                    next[k] = window / m;
                }

                probability = next;
            }

            return Math.Min(1.0, 2.0 * probability.Sum());
        }

        private static long Choose2(long n) => n * (n - 1) / 2;

        private static long CountInversions(double[] values, double[] buffer, int start, int end)
        {
            if (end - start < 2)
            {
                return 0;
            }

            int middle = (start + end) / 2;
            long inversions = CountInversions(values, buffer, start, middle) + CountInversions(values, buffer, middle, end);
            int left = start;
            int right = middle;
            for (int i = start; i < end; i++)
            {
                if (right >= end || (left < middle && values[left] <= values[right]))
                {
                    buffer[i] = values[left++];
                }
                else
                {
                    inversions += middle - left;
                    buffer[i] = values[right++];
                }
            }

            Array.Copy(buffer, start, values, start, end - start);
            return inversions;
        }
    }
}
