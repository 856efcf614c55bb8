using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace HaloLab.Displays;

/// <summary>
/// A training run while it goes on: how far it is, the time left, and one small curve per metric. It keeps what it is told; somebody who listens to
/// <see cref="Changed"/> shows it again, at most twice a second:
/// <code>
/// TrainingCurves curves = new("Gran-DPO", steps);
/// var shown = display(curves);
/// curves.Changed += () => shown.Update(curves);
/// </code>
/// </summary>
/// <remarks>The numbers come from <see cref="Report"/>, or from the file <c>metrics.jsonl</c> that HaloLab's trainers write (<see cref="Follow"/>).</remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class TrainingCurves : IDisplay
{
    /// <summary>Curves that are shown; further metrics are kept out.</summary>
    public const int MaximumCurves = 12;

    private readonly long _steps;
    private readonly Stopwatch _clock = new();
    private readonly UpdateClock _updates = new();
    private readonly Dictionary<string, (List<double> X, List<double> Y)> _curves = [];
    private readonly StringBuilder _unfinishedLine = new();
    private string[] _followed = [];
    private string? _file;
    private long _read;
    private long _first;
    private long _done;
    private TimeSpan _lasted;

    /// <param name="title">What is trained.</param>
    /// <param name="steps">Where training ends, at least 1.</param>
    public TrainingCurves(string title, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        (Title, _steps) = (title, steps);
    }

    /// <summary>There is something new to show: at most twice a second, and when the last step is done.</summary>
    public event Action? Changed;

    public string Title { get; }

    /// <summary>A dashed line in the curve of that name: <c>("loss", Math.Log(2))</c>; null: none.</summary>
    public (string Metric, double Value)? Reference { get; init; }

    /// <summary>The curves of training that is finished.</summary>
    /// <param name="title">What was trained.</param>
    /// <param name="metricsFile">The trainer's <c>metrics.jsonl</c>.</param>
    /// <param name="metrics">Names in the file, in the order in which to show them; none: all.</param>
    /// <exception cref="InputException">There is no such file, or it holds no step.</exception>
    public static TrainingCurves Read(string title, string metricsFile, params string[] metrics)
    {
        if (!File.Exists(metricsFile))
        {
            throw new InputException($"{metricsFile}: does not exist. A trainer writes it into its folder beside the weights.");
        }

        TrainingCurves curves = new(title, 1);
        curves.Follow(metricsFile, metrics);
        curves.ReadFile();
        long last = curves._curves.Count == 0 ? throw new InputException($"{metricsFile}: holds no metrics{(metrics.Length > 0 ? $" named {string.Join(", ", metrics)}" : "")}.") : curves._done;
        return new TrainingCurves(title, last, curves);
    }

    private TrainingCurves(string title, long steps, TrainingCurves read)
        : this(title, steps)
    {
        (_curves, _followed, _done) = (read._curves, read._followed, steps);
    }

    /// <summary>Takes the metrics from a file that a trainer writes; it is read further whenever a step is reported.</summary>
    /// <param name="metricsFile">The file, which need not exist yet.</param>
    /// <param name="metrics">Names in the file, in the order in which to show them; none: all.</param>
    public void Follow(string metricsFile, params string[] metrics)
    {
        ArgumentException.ThrowIfNullOrEmpty(metricsFile);
        ArgumentNullException.ThrowIfNull(metrics);
        (_file, _followed) = (metricsFile, metrics);
    }

    /// <summary>Steps are done. Hand this to a trainer as what is told of its progress, or call it with metrics of your own.</summary>
    /// <param name="done">Number of steps done.</param>
    /// <param name="metrics">Values of this step; null and NaN leave a gap.</param>
    public void Report(long done, params ReadOnlySpan<(string Name, double? Value)> metrics)
    {
        if (!_clock.IsRunning)
        {
            // Training that goes on from a checkpoint begins in the middle: the speed is that of the steps made here.
            _clock.Start();
            _first = done - 1;
        }

        _done = done;
        _lasted = _clock.Elapsed;
        foreach ((string name, double? value) in metrics)
        {
            Add(name, done, value);
        }

        if (_updates.IsDue() || done >= _steps)
        {
            ReadFile();
            Changed?.Invoke();
        }
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment bar = _clock.IsRunning
            ? HtmlFragment.Of($"<progress max=\"{_steps}\" value=\"{Math.Min(_done, _steps)}\"></progress>")
            : HtmlFragment.Empty;
        IEnumerable<HtmlFragment> charts = Shown().Select(curve => Chart(curve.Name, curve.X, curve.Y).ToHtml());
        return HtmlFragment.Of($"<div class=\"halo-work\"><strong>{Title}</strong>{bar}<span class=\"halo-subtitle\">{State}</span></div>\n<div class=\"halo-small\">{charts}</div>\n");
    }

    /// <summary>State and curves; of training that is finished the text says nothing of time, so it is the same in every run.</summary>
    public string ToText()
    {
        string state = _done >= _steps ? string.Create(CultureInfo.InvariantCulture, $"{_done:#,0} steps") : State;
        return string.Join(Environment.NewLine, Shown().Select(curve => Chart(curve.Name, curve.X, curve.Y).ToText().Split(Environment.NewLine)[^1]).Prepend($"{Title}: {state}"));
    }

    private string State
    {
        get
        {
            string steps = string.Create(CultureInfo.InvariantCulture, $"{_done:#,0} of {_steps:#,0} steps");
            long here = _done - _first;
            if (!_clock.IsRunning)
            {
                return _done >= _steps ? string.Create(CultureInfo.InvariantCulture, $"{_done:#,0} steps") : "not begun";
            }

            string speed = here > 0 && _lasted > TimeSpan.Zero ? $", {DisplayNumber.Format(here / _lasted.TotalSeconds)} steps per second" : "";
            return _done >= _steps
                ? $"{steps} in {DisplayNumber.Duration(_lasted.TotalSeconds)}{speed}"
                : $"{steps}{speed}, about {DisplayNumber.Duration(_lasted.TotalSeconds * (_steps - _done) / Math.Max(1, here))} left";
        }
    }

    private LineChart Chart(string name, List<double> x, List<double> y) => new(name, "step", "", [new ChartSeries(name, x, y)])
    {
        Width = 300,
        Height = 170,
        Reference = Reference is { } reference && reference.Metric == name ? reference.Value : null,
    };

    private IEnumerable<(string Name, List<double> X, List<double> Y)> Shown() =>
        (_followed.Length > 0 ? _followed.Concat(_curves.Keys.Except(_followed)) : _curves.Keys)
            .Where(name => _curves.TryGetValue(name, out (List<double>, List<double> Y) curve) && curve.Y.Any(double.IsFinite))
            .Take(MaximumCurves)
            .Select(name => (name, _curves[name].X, _curves[name].Y));

    private void Add(string name, double step, double? value)
    {
        if (!_curves.TryGetValue(name, out (List<double> X, List<double> Y) curve))
        {
            _curves[name] = curve = ([], []);
        }

        curve.X.Add(step);
        curve.Y.Add(value ?? double.NaN);
    }

    /// <summary>Reads the lines that came since the last time; the last one may still be unfinished.</summary>
    private void ReadFile()
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
        _done = Math.Max(_done, (long)step);
        foreach (JsonProperty metric in document.RootElement.EnumerateObject())
        {
            if (metric.Name != "step" && (_followed.Length == 0 || _followed.Contains(metric.Name)) && metric.Value.ValueKind is JsonValueKind.Number or JsonValueKind.Null)
            {
                Add(metric.Name, step, metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetDouble() : null);
            }
        }
    }
}
