using System.Globalization;
using HaloLab.Statistics;

namespace HaloLab.Displays;

/// <summary>Numbers as people read them: three significant digits unless told otherwise, a true minus sign, a dash for what is missing.</summary>
public static class DisplayNumber
{
    public const string Missing = "–";

    /// <param name="value">NaN and null are missing.</param>
    /// <param name="format">A standard or custom .NET format; null: three significant digits, thousands in full.</param>
    public static string Format(double? value, string? format = null)
    {
        if (value is not { } number || double.IsNaN(number))
        {
            return Missing;
        }

        if (double.IsInfinity(number))
        {
            return number > 0 ? "∞" : "−∞";
        }

        string text = number.ToString(format ?? DefaultFormat(Math.Abs(number)), CultureInfo.InvariantCulture);
        return text.StartsWith('-') ? (text.AsSpan(1).ContainsAnyInRange('1', '9') ? "−" : "") + text[1..] : text;
    }

    /// <summary>
    /// An estimate and its interval with the same number of decimals, as many as give the interval's width two significant digits:
    /// <c>−1.8</c> and <c>[−2.6, −1.0]</c>.
    /// </summary>
    public static (string Estimate, string Interval) Estimate(Interval? interval)
    {
        if (interval is not { } given)
        {
            return (Missing, Missing);
        }

        double width = given.High - given.Low;
        string? format = width > 0 && double.IsFinite(width) ? "F" + Math.Clamp(1 - (int)Math.Floor(Math.Log10(width)), 0, 8).ToString(CultureInfo.InvariantCulture) : null;
        string bounds = given.IsDefined ? $"[{Format(given.Low, format)}, {Format(given.High, format)}]" : Missing;
        return (Format(given.Estimate, format), bounds);
    }

    /// <summary>A number that somebody chose: as many digits as it has, up to four decimals.</summary>
    public static string Chosen(double value) => Format(value, Math.Abs(value) is >= 1e-4 or 0 ? "0.####" : null);

    /// <summary>A time as people say it: <c>2 min 05 s</c>, <c>3 h 20 min</c>, <c>40 s</c>.</summary>
    public static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(Math.Max(0, Math.Round(seconds)));
        return time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes:00} min")
            : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds:00} s")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Seconds} s");
    }

    /// <summary>An amount of memory with a binary unit: <c>512 B</c>, <c>1.5 MiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double amount = bytes;
        int unit = 0;
        while (Math.Abs(amount) >= 1024 && unit < units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} B" : $"{Format(amount, Math.Abs(amount) >= 100 ? "0" : "0.0")} {units[unit]}";
    }

    private static string DefaultFormat(double magnitude) => magnitude switch
    {
        0 => "0",
        >= 1e7 or < 1e-4 => "0.##e0",
        >= 100 => "0",
        >= 10 => "0.0",
        >= 1 => "0.00",
        >= 0.1 => "0.000",
        >= 0.01 => "0.0000",
        _ => "0.00000",
    };
}
