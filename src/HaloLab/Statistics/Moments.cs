namespace HaloLab.Statistics;

/// <summary>Mean and spread of a sample. Too few values give NaN.</summary>
public static class Moments
{
    /// <summary>The mean; NaN for an empty sample.</summary>
    public static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0.0;
        foreach (double value in values)
        {
            sum += value;
        }

        return values.IsEmpty ? double.NaN : sum / values.Length;
    }

    /// <summary>The variance, dividing by n − <paramref name="deltaDegrees"/>; NaN where that is not positive.</summary>
    /// <param name="values">The sample.</param>
    /// <param name="deltaDegrees">1 for the unbiased estimate, 0 for the population's own variance.</param>
    public static double Variance(ReadOnlySpan<double> values, int deltaDegrees = 1)
    {
        if (values.Length <= deltaDegrees)
        {
            return double.NaN;
        }

        // The mean of equal values can differ from them in the last bit; a constant sample must have variance 0 exactly.
        if (IsConstant(values))
        {
            return 0.0;
        }

        double mean = Mean(values);
        double squares = 0.0;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return squares / (values.Length - deltaDegrees);
    }

    /// <summary>The square root of <see cref="Variance"/>.</summary>
    public static double StandardDeviation(ReadOnlySpan<double> values, int deltaDegrees = 1) => Math.Sqrt(Variance(values, deltaDegrees));

    /// <summary>Standard error of the mean of independent values; NaN for fewer than two.</summary>
    public static double StandardError(ReadOnlySpan<double> values) => Math.Sqrt(Variance(values) / values.Length);

    /// <summary><c>first[i] − second[i]</c>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double[] Differences(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        RequireSameLength(first.Length, second.Length);
        double[] differences = new double[first.Length];
        for (int i = 0; i < differences.Length; i++)
        {
            differences[i] = first[i] - second[i];
        }

        return differences;
    }

    internal static void RequireSameLength(int first, int second)
    {
        if (first != second)
        {
            throw new ArgumentException($"Paired samples must have equal lengths, got {first} and {second}.");
        }
    }

    /// <summary>Whether all values are equal and finite (false for an empty sample).</summary>
    internal static bool IsConstant(ReadOnlySpan<double> values) => !values.IsEmpty && double.IsFinite(values[0]) && !values.ContainsAnyExcept(values[0]);

    internal static bool AllFinite(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }
}
