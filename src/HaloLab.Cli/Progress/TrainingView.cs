using HaloLab.Experiments;
using HaloLab.Experiments.Runs;

namespace HaloLab.Cli.Progress;

/// <summary>What is seen of a training on a terminal, below its bar: its first metrics as small curves with their last values, and where its newest samples lie. It stays until the next stage begins.</summary>
internal sealed class TrainingView
{
    private StageDisplay? _stage;
    private string? _run;

    /// <summary>A stage begins.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="folder">Where it works, in the folder of stages of a run; null: it trains nothing.</param>
    public void Begin(string name, string? folder)
    {
        _stage = new StageDisplay(name, folder, secondsLeft: 0);
        _run = folder is null ? null : Path.GetDirectoryName(Path.GetDirectoryName(folder));
    }

    /// <summary>Reads what the trainer wrote since the last time.</summary>
    public void Read() => _stage?.Advance(0, 0);

    /// <summary>The lines as they are now; none where nothing is trained.</summary>
    public IReadOnlyList<string> Lines()
    {
        List<string[]> rows = [.. (_stage?.CurveLines() ?? []).Select(line => line.TrimStart().Split("  ", 2))];
        if (rows.Count > 0 && _run is not null && WatchedClips.Newest(_run) is { } newest)
        {
            rows.Add(["newest samples", newest]);
        }

        return [.. rows.Select(row => $"  {row[0].PadRight(rows.Max(other => other[0].Length))}  {row[1]}")];
    }
}
