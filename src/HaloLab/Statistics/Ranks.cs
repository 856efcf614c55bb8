namespace HaloLab.Statistics;

/// <summary>Ranks with ties.</summary>
public static class Ranks
{
    /// <summary>Ranks from 1, equal values sharing the average of their places. A NaN gets the rank NaN and takes no place.</summary>
    public static double[] Average(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double[] ranks = new double[sorted.Length];

        // Array.Sort places NaN first.
        int missing = 0;
        while (missing < sorted.Length && double.IsNaN(sorted[missing]))
        {
            ranks[order[missing++]] = double.NaN;
        }

        foreach ((int start, int length) in TiedRuns(sorted, missing))
        {
            for (int i = start; i < start + length; i++)
            {
                ranks[order[i]] = start - missing + ((length + 1) / 2.0);
            }
        }

        return ranks;
    }

    /// <summary>The sizes of the groups of equal values, groups of one included, in order of value. NaN are left out.</summary>
    internal static int[] GroupSizes(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        return [.. TiedRuns(sorted, sorted.Count(double.IsNaN)).Select(run => run.Length)];
    }

    private static IEnumerable<(int Start, int Length)> TiedRuns(double[] sorted, int from)
    {
        for (int start = from, end; start < sorted.Length; start = end)
        {
            end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start])
            {
                end++;
            }

            yield return (start, end - start);
        }
    }
}
