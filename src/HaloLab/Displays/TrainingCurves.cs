using System.Diagnostics;
using System.Globalization;

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
    private readonly MetricCurves _curves;
    private long _first;
    private long _done;
    private TimeSpan _lasted;

    /// <param name="title">What is trained.</param>
    /// <param name="steps">Where training ends, at least 1.</param>
    public TrainingCurves(string title, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        (Title, _steps, _curves) = (title, steps, new MetricCurves());
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

        MetricCurves curves = new();
        curves.Follow(metricsFile, metrics);
        curves.Read();
        return curves.IsEmpty
            ? throw new InputException($"{metricsFile}: holds no metrics{(metrics.Length > 0 ? $" named {string.Join(", ", metrics)}" : "")}.")
            : new TrainingCurves(title, curves);
    }

    private TrainingCurves(string title, MetricCurves read) => (Title, _steps, _done, _curves) = (title, read.Steps, read.Steps, read);

    /// <summary>Takes the metrics from a file that a trainer writes; it is read further whenever a step is reported.</summary>
    /// <param name="metricsFile">The file, which need not exist yet.</param>
    /// <param name="metrics">Names in the file, in the order in which to show them; none: all.</param>
    public void Follow(string metricsFile, params string[] metrics)
    {
        ArgumentException.ThrowIfNullOrEmpty(metricsFile);
        ArgumentNullException.ThrowIfNull(metrics);
        _curves.Follow(metricsFile, metrics);
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
            _curves.Add(name, done, value);
        }

        if (_updates.IsDue() || done >= _steps)
        {
            _curves.Read();
            Changed?.Invoke();
        }
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment bar = _clock.IsRunning
            ? HtmlFragment.Of($"<progress max=\"{_steps}\" value=\"{Math.Min(_done, _steps)}\"></progress>")
            : HtmlFragment.Empty;
        IEnumerable<HtmlFragment> charts = Charts().Select(chart => chart.ToHtml());
        return HtmlFragment.Of($"<div class=\"halo-work\"><strong>{Title}</strong>{bar}<span class=\"halo-subtitle\">{State}</span></div>\n<div class=\"halo-small\">{charts}</div>\n");
    }

    /// <summary>State and curves; of training that is finished the text says nothing of time, so it is the same in every run.</summary>
    public string ToText()
    {
        string state = _done >= _steps ? string.Create(CultureInfo.InvariantCulture, $"{_done:#,0} steps") : State;
        return string.Join(Environment.NewLine, Charts().Select(chart => chart.ToText().Split(Environment.NewLine)[^1]).Prepend($"{Title}: {state}"));
    }

    private IEnumerable<LineChart> Charts() => _curves.Charts(MaximumCurves, Reference);

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
}
