using System.Globalization;
using HaloLab.Displays;
using HaloLab.Optimisation;

namespace HaloLab.Experiments;

/// <summary>A stage while it computes: a bar with the time left, and the curves of what it trains. In notebooks <see cref="StageProgress"/> makes it.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class StageDisplay : IDisplay
{
    // Trainers write what matters most first.
    private const int MaximumCurves = 3;

    private readonly MetricCurves _curves = new();
    private readonly string _name;
    private double _share;
    private double _seconds;

    /// <param name="name">The stage.</param>
    /// <param name="folder">Where it works; null: it trains nothing.</param>
    /// <param name="secondsLeft">Until all stages are done.</param>
    public StageDisplay(string name, string? folder, double secondsLeft)
    {
        (_name, _seconds) = (name, secondsLeft);
        if (folder is not null)
        {
            _curves.Follow(Path.Combine(folder, TrainingLoop.MetricsFile));
        }
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        string state = _share < 1 ? $"all in about {DisplayNumber.Duration(_seconds)}" : $"computed in {DisplayNumber.Duration(_seconds)}";
        IEnumerable<HtmlFragment> charts = _curves.Charts(MaximumCurves).Select(chart => chart.ToHtml());
        return HtmlFragment.Of($"<div class=\"halo-work\"><span>{_name}</span><progress max=\"1\" value=\"{_share:0.###}\"></progress><span class=\"halo-subtitle\">{state}</span></div>\n<div class=\"halo-small\">{charts}</div>\n");
    }

    /// <summary>State and curves; of a stage that is finished the text says nothing of time, so it is the same in every run.</summary>
    public string ToText()
    {
        string state = _share < 1 ? string.Create(CultureInfo.InvariantCulture, $"{100 * _share:0} %, all in about {DisplayNumber.Duration(_seconds)}") : "computed";
        return string.Join(Environment.NewLine, CurveLines().Prepend($"{_name}: {state}"));
    }

    /// <summary>The curves alone, a line each.</summary>
    public IEnumerable<string> CurveLines() => _curves.Charts(MaximumCurves).Select(chart => chart.ToText().Split(Environment.NewLine)[^1]);

    /// <param name="share">Share that is done, 0 to 1.</param>
    /// <param name="seconds">Until all stages are done; of a finished stage how long it took.</param>
    public void Advance(double share, double seconds)
    {
        (_share, _seconds) = (share, seconds);
        _curves.Read();
    }
}
