using System.Globalization;
using HaloLab.Displays;
using HaloLab.Generation;
using HaloLab.Videos;

namespace HaloLab.Experiments.Runs;

/// <summary>
/// Clips of the same prompts from several runs, side by side: what watched trainings sampled at their first and last look, and the samples of the arms of reproductions.
/// </summary>
internal sealed class RunClips
{
    /// <summary>Prompts that are shown; of a reproduction's samples as many are read.</summary>
    private const int MostPrompts = 8;

    /// <summary>Pixels of all clips of a page: larger ones are shrunk to it.</summary>
    private const long PixelsTogether = 16_000_000;

    private readonly IReadOnlyList<string> _prompts;
    private readonly List<(Column Column, string Prompt, VideoClip Clip)> _clips = [];

    /// <param name="runs">Runs, each with its name.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InputException">A clip cannot be read.</exception>
    public RunClips(IReadOnlyList<(string Label, RunFolder Run)> runs, CancellationToken cancellation)
    {
        // What all begin with comes first, then what became of it.
        Column[] columns =
        [
            .. runs.SelectMany(item => item.Run.Watches.Select(watch => OfWatch(item.Label, watch, watch.Steps[0]))),
            .. runs.SelectMany(item => item.Run.Watches.Where(watch => watch.Steps.Count > 1).Select(watch => OfWatch(item.Label, watch, watch.Steps[^1]))),
            .. runs.SelectMany(item => item.Run.Samples.Select(sample => OfSamples(item.Label, sample.Name, sample.Folder))),
        ];
        string[] all = [.. columns.SelectMany(column => column.Prompts).Distinct()];
        _prompts = [.. all.Take(MostPrompts)];
        NotShown = all.Length - _prompts.Count;
        foreach (string prompt in _prompts)
        {
            foreach (Column column in columns)
            {
                cancellation.ThrowIfCancellationRequested();
                if (column.Prompts.TakeWhile(known => known != prompt).Count() is int place && place < column.Prompts.Count && column.Read(place) is { } clip)
                {
                    _clips.Add((column, prompt, clip));
                }
            }
        }
    }

    /// <summary>Prompts that there are beside those shown.</summary>
    public int NotShown { get; }

    /// <summary>Whether there is nothing to see.</summary>
    public bool IsEmpty => _clips.Count == 0;

    /// <summary>A player for each prompt; clips that are the same to the pixel are shown once.</summary>
    public HtmlFragment ToHtml()
    {
        string[] shown = [.. _prompts.Where(prompt => _clips.Any(item => item.Prompt == prompt))];
        HtmlFragment more = NotShown == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{NotShown} more prompts are not shown.</p>");
        return HtmlFragment.Of($"""
            <p class="halo-caption">Of the same prompt, and from the same noise where runs share their seed: what watched trainings sampled at their first look and at their last one, and the first sample of each arm of a reproduction or variant of an ablation. Clips that are the same to the pixel are shown once.</p>
            {shown.Select(prompt => HtmlFragment.Of($"<h3>{prompt}</h3>{new ClipPlayer(Titled(prompt)) { PixelBudget = PixelsTogether / shown.Length }.ToHtml()}"))}{more}
            """);
    }

    private PlayerClip[] Titled(string prompt) =>
        [.. _clips.Where(item => item.Prompt == prompt).GroupBy(item => item.Clip.ContentHash).Select(same => new PlayerClip(Title(same.Select(item => item.Column)), ClipPreview.Of(same.First().Clip)))];

    private static string Title(IEnumerable<Column> same) => string.Join("; ", same.GroupBy(column => column.What).Select(runs => $"{string.Join(", ", runs.Select(column => column.Label))}: {runs.Key}"));

    private static Column OfWatch(string label, WatchedClips watch, long step) => new(
        label,
        string.Create(CultureInfo.InvariantCulture, $"step {step}"),
        watch.Prompts,
        prompt => watch.Find(step, prompt) is { } path ? VideoFile.ReadAsync(path).GetAwaiter().GetResult() : null);

    private static Column OfSamples(string label, string name, string folder)
    {
        using ClipBundle bundle = ClipBundle.Load(Directory.GetFiles(folder, "clips-*.safetensors").Order(StringComparer.Ordinal).Take(1));
        (string Prompt, VideoClip Clip)[] first = [.. bundle.Prompts.Zip(bundle.Clips).DistinctBy(item => item.First).Take(MostPrompts)];
        return new(label, name, [.. first.Select(item => item.Prompt)], prompt => first[prompt].Clip);
    }

    /// <summary>Clips of one origin: which run's, and what they are of.</summary>
    private sealed record Column(string Label, string What, IReadOnlyList<string> Prompts, Func<int, VideoClip?> Read);
}
