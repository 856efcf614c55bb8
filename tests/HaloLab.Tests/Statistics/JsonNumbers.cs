using System.Text.Json;

namespace HaloLab.Tests.Statistics;

/// <summary>Reads the inputs and checks the expected values of goldens/statistics; null stands for an undefined number.</summary>
internal static class JsonNumbers
{
    /// <summary>goldens/statistics/README.md: relative tolerance of closed forms.</summary>
    public const double Closed = 1e-10;

    /// <summary>goldens/statistics/README.md: relative tolerance of p-values from incomplete beta or t functions.</summary>
    public const double PValue = 1e-8;

    /// <summary>goldens/statistics/README.md: relative tolerance of iterative fits.</summary>
    public const double Fit = 1e-5;

    public static double Number(this JsonElement json) => json.ValueKind == JsonValueKind.Null ? double.NaN : json.GetDouble();

    public static double[] Numbers(this JsonElement json) => [.. json.EnumerateArray().Select(Number)];

    public static double[] Numbers(this JsonElement json, string name) => json.GetProperty(name).Numbers();

    public static int[] Integers(this JsonElement json) => [.. json.EnumerateArray().Select(item => (int)item.GetDouble())];

    public static int[] Integers(this JsonElement json, string name) => json.GetProperty(name).Integers();

    public static double[][] Rows(this JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(Numbers)];

    public static int[][] IntegerRows(this JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(Integers)];

    /// <summary>Checks one number; a relative tolerance with a floor far below every expected number that is not zero.</summary>
    public static void Close(JsonElement expected, double actual, string what, double tolerance = Closed) => Close(expected.Number(), actual, what, tolerance);

    public static void Close(double expected, double actual, string what, double tolerance = Closed)
    {
        bool agrees = double.IsNaN(expected) ? double.IsNaN(actual) : Math.Abs(expected - actual) <= (tolerance * Math.Abs(expected)) + 1e-14;
        Assert.True(agrees, $"{what}: expected {expected:R}, got {actual:R}.");
    }

    public static void Close(double[] expected, double[] actual, string what, double tolerance = Closed)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Close(expected[i], actual[i], $"{what}[{i}]", tolerance);
        }
    }

    /// <summary>Checks the bounds of an interval where the case gives them.</summary>
    public static void Close(JsonElement bounds, HaloLab.Statistics.Interval actual, string what, double tolerance = Closed)
    {
        Close(bounds[0], actual.Low, what + " low", tolerance);
        Close(bounds[1], actual.High, what + " high", tolerance);
    }
}
