namespace HaloLab.Statistics;

/// <summary>
/// The paired permutation (sign-flip) test: under the null hypothesis every difference is as likely to have the other sign. The statistic
/// is the mean difference. Non-finite differences or none give an undefined result.
/// </summary>
public static class PairedPermutation
{
    /// <summary>The exact test is used up to this many pairs: 2⁴⁰ sign patterns are counted from two halves of 2²⁰.</summary>
    public const int MaxExactPairs = 40;

    /// <summary>Sign patterns drawn when the caller names no number.</summary>
    public const int DefaultReplicates = 10_000;

    /// <summary>Compares paired samples: exactly up to <see cref="MaxExactPairs"/> pairs, else with random signs.</summary>
    /// <param name="first">Values of the first arm.</param>
    /// <param name="second">Values of the second arm on the same units.</param>
    /// <param name="stream">Where random signs come from; not touched by the exact test.</param>
    /// <param name="replicates">How many random sign patterns.</param>
    /// <param name="alternative">Greater: the first arm tends to be greater.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static SignificanceResult Test(
        ReadOnlySpan<double> first, ReadOnlySpan<double> second, RandomStream stream, int replicates = DefaultReplicates, Alternative alternative = Alternative.TwoSided)
    {
        double[] differences = Moments.Differences(first, second);
        return differences.Length <= MaxExactPairs ? Exact(differences, alternative) : Random(differences, stream, replicates, alternative);
    }

    /// <summary>The share of all 2ⁿ sign patterns that are at least as extreme as the observed one (it included).</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxExactPairs"/> differences.</exception>
    public static SignificanceResult Exact(ReadOnlySpan<double> differences, Alternative alternative = Alternative.TwoSided)
    {
        if (differences.Length > MaxExactPairs)
        {
            throw new ArgumentException($"The exact test takes at most {MaxExactPairs} pairs, got {differences.Length}.", nameof(differences));
        }

        if (!IsDefined(differences))
        {
            return Undefined(differences);
        }

        int half = differences.Length / 2;
        double[] left = SignedSums(differences[..half]);
        double[] right = SignedSums(differences[half..]);
        Array.Sort(right);
        double observed = Sum(differences);
        double tolerance = Tolerance(differences);

        // Flipping every sign maps the patterns onto themselves, so each tail is a tail "at least".
        double patterns = Math.Pow(2.0, differences.Length);
        double pValue = alternative switch
        {
            Alternative.Greater => CountAtLeast(left, right, observed - tolerance) / patterns,
            Alternative.Less => CountAtLeast(left, right, -observed - tolerance) / patterns,
            _ => Math.Min(1.0, 2.0 * CountAtLeast(left, right, Math.Abs(observed) - tolerance) / patterns),
        };
        return new SignificanceResult(Moments.Mean(differences), pValue, differences.Length);
    }

    /// <summary>(k + 1)/(n + 1), k of the n given sign patterns being at least as extreme as the observed one.</summary>
    /// <param name="differences">Differences of pairs.</param>
    /// <param name="signRows">+1 or −1 for every difference, one row per pattern.</param>
    /// <param name="alternative">Greater: the differences tend to be positive.</param>
    /// <exception cref="ArgumentException">A row is not as long as the differences.</exception>
    public static SignificanceResult WithSigns(ReadOnlySpan<double> differences, IReadOnlyList<int[]> signRows, Alternative alternative = Alternative.TwoSided)
    {
        ArgumentNullException.ThrowIfNull(signRows);
        if (!IsDefined(differences))
        {
            return Undefined(differences);
        }

        double observed = Sum(differences);
        double tolerance = Tolerance(differences);
        int extreme = 0;
        foreach (int[] signs in signRows)
        {
            Moments.RequireSameLength(differences.Length, signs.Length);
            double sum = 0.0;
            for (int i = 0; i < signs.Length; i++)
            {
                sum += signs[i] * differences[i];
            }

            extreme += IsAsExtreme(sum, observed, tolerance, alternative) ? 1 : 0;
        }

        return new SignificanceResult(Moments.Mean(differences), (extreme + 1.0) / (signRows.Count + 1.0), differences.Length);
    }

    /// <summary><see cref="WithSigns"/> with signs drawn from <paramref name="stream"/>.</summary>
    public static SignificanceResult Random(
        ReadOnlySpan<double> differences, RandomStream stream, int replicates = DefaultReplicates, Alternative alternative = Alternative.TwoSided)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicates);
        int[][] signRows = new int[replicates][];
        for (int row = 0; row < replicates; row++)
        {
            signRows[row] = new int[differences.Length];
            for (int i = 0; i < differences.Length; i++)
            {
                signRows[row][i] = stream.NextUInt64() >> 63 == 0 ? 1 : -1;
            }
        }

        return WithSigns(differences, signRows, alternative);
    }

    private static bool IsDefined(ReadOnlySpan<double> differences) => !differences.IsEmpty && Moments.AllFinite(differences);

    private static SignificanceResult Undefined(ReadOnlySpan<double> differences) => new(Moments.Mean(differences), double.NaN, differences.Length);

    private static bool IsAsExtreme(double sum, double observed, double tolerance, Alternative alternative) => alternative switch
    {
        Alternative.Greater => sum >= observed - tolerance,
        Alternative.Less => sum <= observed + tolerance,
        _ => Math.Abs(sum) >= Math.Abs(observed) - tolerance,
    };

    private static double Sum(ReadOnlySpan<double> values) => Moments.Mean(values) * values.Length;

    /// <summary>Sums of the same numbers in another order differ by rounding; patterns that tie with the observed one must count.</summary>
    private static double Tolerance(ReadOnlySpan<double> differences)
    {
        double magnitude = 0.0;
        foreach (double difference in differences)
        {
            magnitude += Math.Abs(difference);
        }

        return 1e-13 * magnitude;
    }

    /// <summary>Σ ±dᵢ for all 2ⁿ patterns.</summary>
    private static double[] SignedSums(ReadOnlySpan<double> differences)
    {
        double[] sums = [0.0];
        foreach (double difference in differences)
        {
            sums = [.. sums.Select(sum => sum + difference), .. sums.Select(sum => sum - difference)];
        }

        return sums;
    }

    private static double CountAtLeast(double[] left, double[] sortedRight, double threshold)
    {
        double count = 0.0;
        foreach (double sum in left)
        {
            int low = 0;
            int high = sortedRight.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = sum + sortedRight[middle] >= threshold ? (low, middle) : (middle + 1, high);
            }

            count += sortedRight.Length - low;
        }

        return count;
    }
}
