using System.Globalization;
using HaloLab.Displays;

namespace HaloLab.Experiments;

/// <summary>
/// A run of stages while it goes on, for a notebook: each stage with a bar, the running one with the time left for all. Somebody who listens to <see cref="Changed"/>
/// shows it again, at most twice a second:
/// <code>
/// StageProgress progress = new();
/// var shown = display(progress);
/// progress.Changed += () => shown.Update(progress);
/// </code>
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class StageProgress : IRunProgress, IDisplay
{
    private const string Found = "found finished";

    private readonly UpdateClock _updates = new();
    private readonly List<(string Name, double Share, string State)> _stages = [];

    /// <summary>There is something new to show: at most twice a second, and when a stage ends.</summary>
    public event Action? Changed;

    /// <inheritdoc/>
    public void StageStarted(string name, double secondsLeft)
    {
        _stages.Add((name, 0, Left(secondsLeft)));
        Changed?.Invoke();
    }

    /// <inheritdoc/>
    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        if (_stages.Count > 0)
        {
            _stages[^1] = (name, share, Left(secondsLeft));
        }

        if (_updates.IsDue())
        {
            Changed?.Invoke();
        }
    }

    /// <inheritdoc/>
    public void StageFinished(StageResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (!result.WasRead && _stages.Count > 0)
        {
            _stages.RemoveAt(_stages.Count - 1);
        }

        _stages.Add((result.Name, 1, result.WasRead ? Found : $"computed in {DisplayNumber.Duration(result.Seconds)}"));
        if (!result.WasRead || _updates.IsDue())
        {
            Changed?.Invoke();
        }
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        string[] found = [.. _stages.Where(stage => stage.State == Found).Select(stage => stage.Name)];
        HtmlFragment finished = found.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{Found}: {string.Join(", ", found)}</p>\n");
        IEnumerable<HtmlFragment> rows = _stages.Where(stage => stage.State != Found)
            .Select(stage => HtmlFragment.Of($"<span>{stage.Name}</span><progress max=\"1\" value=\"{stage.Share:0.###}\"></progress><span class=\"halo-subtitle\">{stage.State}</span>\n"));
        return HtmlFragment.Of($"{finished}<div class=\"halo-work\">{rows}</div>\n");
    }

    /// <summary>A line per stage; of stages that are all finished only their names, so it is the same whoever computed them.</summary>
    public string ToText() => _stages.All(stage => stage.Share >= 1)
        ? $"finished: {string.Join(", ", _stages.Select(stage => stage.Name))}"
        : string.Join(Environment.NewLine, _stages.Select(stage => $"{stage.Name}: {(stage.Share < 1 ? string.Create(CultureInfo.InvariantCulture, $"{100 * stage.Share:0} %, ") : "")}{stage.State}"));

    private static string Left(double seconds) => $"all in about {DisplayNumber.Duration(seconds)}";
}
