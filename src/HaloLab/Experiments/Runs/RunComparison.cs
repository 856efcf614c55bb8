using HaloLab.Displays;

namespace HaloLab.Experiments.Runs;

/// <summary>Runs beside each other: what differs in how they were asked for, the clips that they sampled, and the curves of what they trained in one chart for each metric.</summary>
public sealed class RunComparison
{
    private const int LongestValue = 120;

    /// <summary>Two charts beside each other fill a page.</summary>
    private const int ChartWidth = 500;

    private const int ShortCommit = 7;
    private readonly IReadOnlyList<RunFolder> _runs;
    private readonly Dictionary<RunFolder, string> _labels;
    private readonly (string Label, RunTraining Training)[] _trainings;

    /// <param name="runs">At least one.</param>
    /// <param name="training">Only trainings whose stage's name holds this; null: all.</param>
    /// <exception cref="InputException">None of the runs trained anything of that name.</exception>
    public RunComparison(IReadOnlyList<RunFolder> runs, string? training = null)
    {
        ArgumentNullException.ThrowIfNull(runs);
        _runs = runs;

        // Names if they differ, else the folders.
        _labels = runs.ToDictionary(run => run, run => runs.Count(other => other.Name == run.Name) == 1 ? run.Name : run.Folder);
        _trainings = [.. runs.SelectMany(run => run.Trainings.Where(item => training is null || item.Name.Contains(training, StringComparison.Ordinal)).Select(item => (_labels[run] + " " + item.Name, item)))];
        if (training is not null && _trainings.Length == 0)
        {
            throw new InputException($"--training {training}: the runs hold {string.Join(", ", runs.SelectMany(run => run.Trainings).Select(item => item.Name).Distinct().DefaultIfEmpty("nothing that was trained"))}.");
        }
    }

    /// <summary>A line a run.</summary>
    public static DataTable Table(IReadOnlyList<RunFolder> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return new DataTable(
            [new("run"), new("asked for"), new("state"), new("stages", IsNumber: true), new("trained steps", IsNumber: true), new("minutes", IsNumber: true, Format: "0.0"), new("last change (UTC)"), new("HaloLab")],
            [.. runs.Select(run => (IReadOnlyList<object?>)[run.Folder, run.Command, State(run), run.Stages.Count, run.Trainings.Sum(item => item.Steps), run.Seconds / 60, run.Changed.ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture), ShortVersion(run.Version)])])
        { IsSortable = true };
    }

    /// <summary>What the manifests say differently, a column a run; empty where one has none.</summary>
    public DataTable Differences()
    {
        IReadOnlyDictionary<string, string>[] facts = [.. _runs.Select(run => run.Facts)];
        IEnumerable<string> names = facts.SelectMany(item => item.Keys).Distinct().Order(StringComparer.Ordinal);
        return new DataTable(
            [new("setting"), .. _runs.Select(run => new TableColumn(_labels[run]))],
            [.. names.Where(name => facts.Select(item => item.GetValueOrDefault(name)).Distinct().Count() > 1).Select(name => (IReadOnlyList<object?>)[name, .. facts.Select(item => Short(item.GetValueOrDefault(name)))])]);
    }

    /// <summary>One chart for each metric, a line a training.</summary>
    public IReadOnlyList<LineChart> Charts() =>
    [
        .. _trainings.SelectMany(item => item.Training.MetricsAsWritten).Distinct()
            .Select(metric => new LineChart(metric, "step", "", [.. _trainings.Select(item => item.Training.Curve(metric, item.Label)).OfType<ChartSeries>()]) { Width = ChartWidth }),
    ];

    /// <summary>The page.</summary>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InputException">A clip cannot be read.</exception>
    public HtmlPage Page(CancellationToken cancellation = default)
    {
        HtmlPage page = new HtmlPage("Runs", $"{_runs.Count} beside each other").Add("Runs", Table(_runs).ToHtml());
        page.Add("What was asked for differently", Differences().ToHtml());
        RunClips clips = new([.. _runs.Select(run => (_labels[run], run))], cancellation);
        if (!clips.IsEmpty)
        {
            page.Add("Clips", clips.ToHtml());
        }

        return page.Add("Curves", HtmlFragment.Of($"<div class=\"halo-small\">{Charts().Select(chart => chart.ToHtml())}</div>"));
    }

    private static string State(RunFolder run) => run.IsFinished ? "finished" : run.Unfinished.Count > 0 ? "stopped in " + string.Join(", ", run.Unfinished) : "stopped between stages";

    private static string? ShortVersion(string? version) => version?.Split('+') is [string number, { Length: > ShortCommit } commit] ? $"{number}+{commit[..ShortCommit]}" : version;

    private static string? Short(string? value) => value?.Length > LongestValue ? value[..LongestValue] + "…" : value;
}
