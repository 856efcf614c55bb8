namespace HaloLab.Displays;

/// <summary>
/// From numbers to colours that colour-blind readers tell apart (Okabe and Ito's vermilion and blue). A diverging scale runs from vermilion
/// (low) through nothing at its centre to blue (high); a sequential one from nothing to vermilion, upwards or downwards. "Nothing" is transparent: over a
/// clip what is unremarkable stays visible, and the same scale works on light and dark pages.
/// </summary>
public sealed class ColourScale
{
    private readonly double _from;
    private readonly double _span;

    private ColourScale(bool isDiverging, double from, double span)
    {
        IsDiverging = isDiverging;
        _from = from;
        _span = span;
    }

    public bool IsDiverging { get; }

    /// <summary>Where the colour vanishes: the centre, or the beginning of a sequential scale.</summary>
    public double Neutral => _from;

    /// <summary>The value of the full colour of the low side; for a sequential scale <see cref="Neutral"/>.</summary>
    public double Lowest => IsDiverging ? _from - _span : _from;

    /// <summary>The value of the full colour of the high side; the end of a sequential scale, which lies below its beginning where it falls.</summary>
    public double Highest => _from + _span;

    /// <param name="centre">Where the colour vanishes.</param>
    /// <param name="halfRange">Distance from the centre at which the colour is full, above 0.</param>
    public static ColourScale Diverging(double centre, double halfRange) => new(true, Finite(centre), Positive(halfRange));

    /// <param name="lowest">Where the colour vanishes.</param>
    /// <param name="highest">Where it is full, above <paramref name="lowest"/>.</param>
    public static ColourScale Sequential(double lowest, double highest) => new(false, Finite(lowest), Positive(highest - lowest));

    /// <summary>A falling scale for values that end at a best one: nothing there, full at the 2nd percentile, so one outlier does not pale the rest.</summary>
    public static ColourScale Below(IEnumerable<double> values, double best)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        double fall = sorted.Length == 0 ? 0 : best - sorted[(int)(0.02 * (sorted.Length - 1))];
        return new(isDiverging: false, Finite(best), -(fall > 0 ? fall : 1));
    }

    /// <summary>A diverging scale centred at zero, full at the 98th percentile of the magnitudes, so one outlier does not pale the rest.</summary>
    public static ColourScale AroundZero(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Select(Math.Abs).Order()];
        double reach = sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling(0.98 * (sorted.Length - 1))];
        return Diverging(0, reach > 0 ? reach : 1);
    }

    /// <summary>From −1 (full low colour) through 0 to 1 (full high colour), clamped; NaN for a missing value.</summary>
    public double Strength(double value) => Math.Clamp((value - _from) / _span, IsDiverging ? -1 : 0, 1);

    /// <summary>Red, green, blue and opacity for a value that is not missing.</summary>
    public (byte Red, byte Green, byte Blue, byte Opacity) Colour(double value)
    {
        double strength = Strength(value);
        byte opacity = (byte)Math.Round(230 * Math.Abs(strength));
        return IsBlue(strength) ? ((byte)0, (byte)114, (byte)178, opacity) : ((byte)213, (byte)94, (byte)0, opacity);
    }

    /// <summary>The CSS class that gives an SVG shape this side's colour in the page's theme.</summary>
    internal string FillClass(double value) => IsBlue(Strength(value)) ? "halo-high" : "halo-low";

    /// <summary>A bar with its numbers, and the sign of a missing value where there is one.</summary>
    /// <param name="label">What the values are.</param>
    /// <param name="hasMissing">Whether a value is missing.</param>
    /// <param name="format">How the values themselves are written beside it; null: as many digits as the scale's ends have.</param>
    internal HtmlFragment Legend(string label, bool hasMissing, string? format = null)
    {
        string Text(double value) => format is null ? DisplayNumber.Chosen(value) : DisplayNumber.Format(value, format);
        HtmlFragment middle = IsDiverging ? HtmlFragment.Of($"<span>{Text(Neutral)}</span>") : HtmlFragment.Empty;
        HtmlFragment missing = hasMissing ? HtmlFragment.Of($"<span class=\"halo-missing\"></span><span>no value</span>") : HtmlFragment.Empty;
        return HtmlFragment.Of(
            $"<div class=\"halo-legend\"><span>{label}</span><span class=\"halo-scale\"><span class=\"{(IsDiverging ? "halo-bar halo-diverging" : "halo-bar halo-sequential")}\"></span><span class=\"halo-ticks\"><span>{Text(Lowest)}</span>{middle}<span>{Text(Highest)}</span></span></span>{missing}</div>");
    }

    private bool IsBlue(double strength) => IsDiverging && strength > 0;

    private static double Finite(double value) => double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A colour scale needs finite numbers.");

    private static double Positive(double value) =>
        value > 0 && double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A colour scale's range must be above 0.");
}
