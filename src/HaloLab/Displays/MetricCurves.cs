using System.Text;
using System.Text.Json;

namespace HaloLab.Displays;

/// <summary>The curves of a training, told one by one or read from the file <c>metrics.jsonl</c> while the trainer writes it.</summary>
internal sealed class MetricCurves
{
    private readonly Dictionary<string, (List<double> X, List<double> Y)> _curves = [];
    private readonly StringBuilder _unfinishedLine = new();
    private string[] _followed = [];
    private string? _file;
    private long _read;

    public bool IsEmpty => _curves.Count == 0;

    /// <summary>Steps that the file tells of.</summary>
    public long Steps { get; private set; }

    /// <summary>Takes the metrics from a file, which need not exist yet.</summary>
    /// <param name="metricsFile">The trainer's <c>metrics.jsonl</c>.</param>
    /// <param name="metrics">Names in the file, in the order in which to show them; none: all.</param>
    public void Follow(string metricsFile, params string[] metrics) => (_file, _followed) = (metricsFile, metrics);

    public void Add(string name, double step, double? value)
    {
        if (!_curves.TryGetValue(name, out (List<double> X, List<double> Y) curve))
        {
            _curves[name] = curve = ([], []);
        }

        curve.X.Add(step);
        curve.Y.Add(value ?? double.NaN);
    }

    /// <summary>Small charts of the curves that have a value.</summary>
    /// <param name="most">How many; further curves are kept out.</param>
    /// <param name="reference">A dashed line in the curve of that name.</param>
    public IEnumerable<LineChart> Charts(int most, (string Metric, double Value)? reference = null) =>
        (_followed.Length > 0 ? _followed.Concat(_curves.Keys.Except(_followed)) : _curves.Keys)
            .Where(name => _curves.TryGetValue(name, out (List<double>, List<double> Y) curve) && curve.Y.Any(double.IsFinite))
            .Take(most)
            .Select(name => new LineChart(name, "step", "", [new ChartSeries(name, _curves[name].X, _curves[name].Y)])
            {
                Width = 300,
                Height = 170,
                Reference = reference is { } line && line.Metric == name ? line.Value : null,
            });

    /// <summary>Reads the lines that came since the last time; the last one may still be unfinished.</summary>
    public void Read()
    {
        if (_file is null || !File.Exists(_file))
        {
            return;
        }

        using FileStream stream = new(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length < _read)
        {
            // Training went back to its checkpoint.
            _curves.Clear();
            _unfinishedLine.Clear();
            _read = 0;
        }

        stream.Seek(_read, SeekOrigin.Begin);
        using StreamReader reader = new(stream, Encoding.UTF8);
        string text = reader.ReadToEnd();
        _read = stream.Length;
        string[] lines = (_unfinishedLine + text).Split('\n');
        _unfinishedLine.Clear().Append(lines[^1]);
        foreach (string line in lines[..^1].Where(line => line.Length > 0))
        {
            ReadLine(line);
        }
    }

    private void ReadLine(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        double step = document.RootElement.GetProperty("step").GetDouble() + 1;
        Steps = Math.Max(Steps, (long)step);
        foreach (JsonProperty metric in document.RootElement.EnumerateObject())
        {
            if (metric.Name != "step" && (_followed.Length == 0 || _followed.Contains(metric.Name)) && metric.Value.ValueKind is JsonValueKind.Number or JsonValueKind.Null)
            {
                Add(metric.Name, step, metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetDouble() : null);
            }
        }
    }
}
