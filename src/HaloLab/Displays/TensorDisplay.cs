using System.Globalization;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Displays;

/// <summary>
/// A tensor on one line: type, shape, range, mean, standard deviation, NaN and infinite values flagged, and how its values are spread (a vector: its values in order).
/// Unfolded, its last two axes as pictures with diverging colours around zero; few values are written out.
/// </summary>
/// <remarks>
/// It is looked at when the display is made, so the tensor may be changed or freed afterwards. Of more than <see cref="MaximumValues"/> values every k-th is looked at, and the
/// line says so; NaN and infinite values are counted over all.
/// </remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class TensorDisplay : IDisplay
{
    public const long MaximumValues = 1 << 22;

    private const int Bins = 24;
    private const int Slices = 16;
    private const int SliceSide = 96;
    private const int WrittenValues = 64;
    private const int LongestCurve = 100_000;

    private readonly string _kind;
    private readonly List<(string Name, string Value)> _facts = [];
    private readonly List<string> _flags = [];
    private readonly double[] _spark = [];
    private readonly string _sparkName = "";
    private readonly HtmlFragment _unfolded = HtmlFragment.Empty;

    /// <param name="tensor">Of any type, shape and device.</param>
    /// <param name="name">Before the line, or empty.</param>
    public TensorDisplay(Tensor tensor, string name = "")
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.IsInvalid)
        {
            _kind = Named(name, "a tensor that was freed");
            return;
        }

        string shape = tensor.dim() == 0 ? "scalar" : $"[{string.Join(", ", tensor.shape)}]";
        _kind = Named(name, $"{TypeName(tensor.dtype)} {shape}{(tensor.device_type is DeviceType.CPU or DeviceType.META ? "" : $" on {tensor.device}")}{(tensor.requires_grad ? ", with gradient" : "")}");
        if (tensor.is_meta || tensor.NumberOfElements == 0)
        {
            _facts.Add(("", tensor.is_meta ? "no values (meta)" : "empty"));
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor dense = tensor.is_sparse ? tensor.to_dense() : tensor.detach();
        Tensor real = dense.is_complex() ? dense.abs() : dense;
        (double[] values, long step) = Sample(real);
        double[] finite = [.. values.Where(double.IsFinite)];
        if (dense.dim() == 0)
        {
            _facts.Add(("", DisplayNumber.Format(values[0], "G6")));
        }
        else if (dense.dtype == ScalarType.Bool)
        {
            _facts.Add(("true", string.Create(CultureInfo.InvariantCulture, $"{100 * values.Average():0.#} %")));
        }
        else if (finite.Length > 0)
        {
            _facts.Add((dense.is_complex() ? "magnitude" : "range", $"{DisplayNumber.Format(finite.Min())} … {DisplayNumber.Format(finite.Max())}"));
            _facts.Add(("mean", DisplayNumber.Format(finite.Average())));
            _facts.Add(("std", DisplayNumber.Format(StandardDeviation(finite))));
        }

        if (step > 1)
        {
            _facts.Add(("", string.Create(CultureInfo.InvariantCulture, $"(one value in {step})")));
        }

        if (real.is_floating_point())
        {
            Flag("NaN", real.isnan().sum().item<long>());
            Flag("infinite", real.isinf().sum().item<long>());
        }

        if (finite.Length > 1 && dense.dtype != ScalarType.Bool)
        {
            bool isVector = dense.dim() == 1;
            (_spark, _sparkName) = isVector ? (finite, "values in order") : (Counts(finite), "histogram of the values");
        }

        _unfolded = Unfold(real, values);
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment spark = _spark.Length == 0 ? HtmlFragment.Empty : Sparkline.Drawing(_spark, _sparkName);
        HtmlFragment line = HtmlFragment.Of($"<span class=\"halo-fact\"><code>{_kind}</code></span>{_facts.Select(fact => HtmlFragment.Of($"<span class=\"halo-fact\"><span>{fact.Name}</span> {fact.Value}</span>"))}{spark}{_flags.Select(flag => HtmlFragment.Of($"<span class=\"halo-chip halo-contradicted\">{flag}</span> "))}");
        return _unfolded.IsEmpty
            ? HtmlFragment.Of($"<div class=\"halo-facts\">{line}</div>\n")
            : HtmlFragment.Of($"<details class=\"halo-facts\"><summary>{line}</summary>{_unfolded}</details>\n");
    }

    /// <inheritdoc/>
    public string ToText() => string.Join(
        "  ",
        [_kind, .. _facts.Select(fact => $"{fact.Name} {fact.Value}".TrimStart()), .. _spark.Length == 0 ? Array.Empty<string>() : [Sparkline.Text(_spark)], .. _flags.Select(flag => $"! {flag}")]);

    private static string Named(string name, string kind) => name.Length == 0 ? kind : $"{name}: {kind}";

    /// <summary>As PyTorch writes it.</summary>
    private static string TypeName(ScalarType type) => type switch { ScalarType.Byte => "uint8", _ => type.ToString().ToLowerInvariant() };

    private static (double[] Values, long Step) Sample(Tensor tensor)
    {
        Tensor flat = tensor.flatten();
        long step = Math.Max(1, (flat.shape[0] + MaximumValues - 1) / MaximumValues);
        Tensor sample = step == 1 ? flat : flat.slice(0, 0, flat.shape[0], step);
        return (sample.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray(), step);
    }

    private void Flag(string what, long count)
    {
        if (count > 0)
        {
            _flags.Add(string.Create(CultureInfo.InvariantCulture, $"{count:#,0} {what}"));
        }
    }

    /// <summary>As torch computes it by default: divided by n − 1.</summary>
    private static double StandardDeviation(double[] values)
    {
        double mean = values.Average();
        return values.Length < 2 ? double.NaN : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    private static double[] Counts(double[] values)
    {
        (double lowest, double highest) = (values.Min(), values.Max());
        double[] counts = new double[Bins];
        foreach (double value in values)
        {
            counts[highest > lowest ? Math.Min(Bins - 1, (int)((value - lowest) / (highest - lowest) * Bins)) : Bins / 2]++;
        }

        return counts;
    }

    private static HtmlFragment Unfold(Tensor tensor, double[] values)
    {
        HtmlFragment written = tensor.dim() > 0 && values.Length is > 1 and <= WrittenValues && tensor.NumberOfElements == values.Length
            ? HtmlFragment.Of($"<pre>{Written(values, (int)tensor.shape[^1])}</pre>")
            : HtmlFragment.Empty;
        if (tensor.dim() == 1)
        {
            return tensor.shape[0] is <= WrittenValues or > LongestCurve
                ? written
                : new LineChart("", "index", "value", [new ChartSeries("value", [.. Enumerable.Range(0, values.Length).Select(i => (double)i)], values)]) { Height = 200 }.ToHtml();
        }

        return tensor.dim() < 2 || tensor.shape[^1] < 2 || tensor.shape[^2] < 2 ? written : HtmlFragment.Concat([written, Picture(tensor, values)]);
    }

    private static string Written(double[] values, int perLine)
    {
        string[] cells = [.. values.Select(value => DisplayNumber.Format(value))];
        int width = cells.Max(cell => cell.Length);
        return string.Join('\n', cells.Chunk(perLine).Select(line => string.Join("  ", line.Select(cell => cell.PadLeft(width)))));
    }

    /// <summary>The last two axes as tiles of one picture; tiles that are too large are shrunk by means.</summary>
    private static HtmlFragment Picture(Tensor tensor, double[] values)
    {
        (long height, long width) = (tensor.shape[^2], tensor.shape[^1]);
        long slices = tensor.NumberOfElements / (height * width);
        int shown = (int)Math.Min(slices, Slices);
        (int rows, int columns) = ((int)Math.Min(height, SliceSide), (int)Math.Min(width, SliceSide));
        Tensor tiles_NHW = tensor.reshape(slices, height, width).slice(0, 0, shown, 1).to(ScalarType.Float32);
        if ((rows, columns) != (height, width))
        {
            tiles_NHW = nn.functional.adaptive_avg_pool2d(tiles_NHW.unsqueeze(1), [rows, columns]).squeeze(1);
        }

        float[] pixels = tiles_NHW.cpu().contiguous().data<float>().ToArray();
        ColourScale scale = Scale(values);
        int across = (int)Math.Ceiling(Math.Sqrt(shown * (double)rows / columns));
        across = Math.Clamp(across, 1, shown);
        int down = (shown + across - 1) / across;
        (int sheetHeight, int sheetWidth) = ((down * (rows + 1)) - 1, (across * (columns + 1)) - 1);
        byte[] sheet = new byte[sheetHeight * sheetWidth * 4];
        for (int i = 0; i < pixels.Length; i++)
        {
            int tile = i / (rows * columns);
            int y = (tile / across * (rows + 1)) + (i / columns % rows);
            int x = (tile % across * (columns + 1)) + (i % columns);
            int at = ((y * sheetWidth) + x) * 4;
            (sheet[at], sheet[at + 1], sheet[at + 2], sheet[at + 3]) = double.IsFinite(pixels[i]) ? scale.Colour(pixels[i]) : ((byte)128, (byte)128, (byte)128, (byte)255);
        }

        string caption = (slices, rows == height && columns == width) switch
        {
            (1, true) => "value",
            (1, false) => $"{height}×{width} values, shrunk by means",
            (_, var isWhole) => string.Create(CultureInfo.InvariantCulture, $"{(shown < slices ? $"the first {shown} of {slices}" : $"{slices}")} slices of {height}×{width}{(isWhole ? "" : ", shrunk by means")}"),
        };
        int enlarged = sheetWidth * Math.Clamp(Math.Min(512 / sheetWidth, 384 / sheetHeight), 1, 24);
        bool hasHoles = pixels.Any(pixel => !float.IsFinite(pixel));
        return HtmlFragment.Of($"""
            <img class="halo-slices" width="{enlarged}" alt="the values as colours" src="data:image/png;base64,{Convert.ToBase64String(Apng.EncodeStill(sheet, sheetHeight, sheetWidth, channels: 4))}">
            {scale.Legend(caption, hasHoles)}
            """);
    }

    private static ColourScale Scale(double[] values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0 || finite.Min() < 0)
        {
            return ColourScale.AroundZero(finite);
        }

        double lowest = finite.Min();
        return ColourScale.Sequential(lowest, finite.Max() > lowest ? finite.Max() : lowest + 1);
    }
}
