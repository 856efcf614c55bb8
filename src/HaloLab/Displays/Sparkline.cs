namespace HaloLab.Displays;

/// <summary>A row of numbers as a row of small bars.</summary>
internal static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>In text: each bar is the mean of its share of the numbers, between the lowest and the highest of all.</summary>
    public static string Text(double[] values, int mostColumns = 32)
    {
        (double lowest, double highest) = (values.Min(), values.Max());
        double[] means = Means(values, mostColumns);
        return string.Create(means.Length, means, (cells, all) =>
        {
            for (int i = 0; i < cells.Length; i++)
            {
                cells[i] = Bars[highest > lowest ? (int)Math.Min(Bars.Length - 1, (all[i] - lowest) / (highest - lowest) * Bars.Length) : 0];
            }
        });
    }

    /// <summary>As a small drawing, 18 pixels high.</summary>
    public static HtmlFragment Drawing(double[] values, string description, int mostColumns = 32)
    {
        const int Height = 18;
        const int Pitch = 4;
        (double lowest, double highest) = (values.Min(), values.Max());
        double[] means = Means(values, mostColumns);
        IEnumerable<HtmlFragment> bars = means.Select((mean, i) =>
        {
            double height = Math.Round(highest > lowest ? 1 + ((mean - lowest) / (highest - lowest) * (Height - 1)) : 1, 1);
            return HtmlFragment.Of($"<rect x=\"{i * Pitch}\" y=\"{Height - height:0.#}\" width=\"{Pitch - 1}\" height=\"{height:0.#}\"/>");
        });
        int width = means.Length * Pitch;
        return HtmlFragment.Of($"<svg class=\"halo-spark\" width=\"{width}\" height=\"{Height}\" viewBox=\"0 0 {width} {Height}\" role=\"img\" aria-label=\"{description}\"><title>{description}</title>{bars}</svg>");
    }

    private static double[] Means(double[] values, int mostColumns)
    {
        int columns = Math.Min(mostColumns, values.Length);
        return [.. Enumerable.Range(0, columns).Select(i => values[(int)((long)i * values.Length / columns)..(int)((long)(i + 1) * values.Length / columns)].Average())];
    }
}
