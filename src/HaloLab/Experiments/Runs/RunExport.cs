using HaloLab.Displays;
using HaloLab.Videos;
using Tensorboard;

namespace HaloLab.Experiments.Runs;

/// <summary>Metrics and clips of a run for other programs: CSV, and event files for TensorBoard.</summary>
public static class RunExport
{
    /// <summary>Writes <c>STAGE.csv</c> and <c>tensorboard/STAGE/</c> for everything that was trained, and <c>tensorboard/watch/</c> with the clips of a watched training.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Where to write; must not hold an export already.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InputException">Nothing was trained, the folder holds an export, or a clip cannot be read.</exception>
    public static void Write(RunFolder run, string folder, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        string events = Path.Combine(folder, "tensorboard");
        if (run.Trainings.Count == 0)
        {
            throw new InputException($"{run.Folder}: nothing was trained there, so there are no metrics to export.");
        }

        if (Directory.Exists(events))
        {
            throw new InputException($"{events}: exists already, and a second export would add to its curves. Delete it or give another --out.");
        }

        foreach (RunTraining training in run.Trainings)
        {
            AtomicFile.WriteAllText(Path.Combine(folder, training.Name + ".csv"), Table(training).ToCsv());
            EventFile.Write(Path.Combine(events, training.Name), training.Metrics.SelectMany(metric =>
            {
                ChartSeries curve = training.Curve(metric, metric)!;
                return curve.X.Zip(curve.Y, (step, value) => EventFile.Scalar(metric, (long)step, (float)value));
            }));
        }

        foreach (WatchedClips watch in run.Watches)
        {
            EventFile.Write(Path.Combine(events, run.Watches.Count == 1 ? TrainingWatch.Folder : $"{TrainingWatch.Folder}-{watch.Name}"), Clips(watch, cancellation));
        }
    }

    private static IEnumerable<Event> Clips(WatchedClips watch, CancellationToken cancellation)
    {
        foreach (long step in watch.Steps)
        {
            foreach ((int i, string prompt) in watch.Prompts.Index())
            {
                if (watch.Find(step, i) is { } path)
                {
                    yield return EventFile.Clip(prompt, step, ClipPreview.Of(VideoFile.ReadAsync(path, cancellation).GetAwaiter().GetResult()));
                }
            }
        }
    }

    private static DataTable Table(RunTraining training)
    {
        Dictionary<string, Dictionary<double, double>> columns = training.Metrics.ToDictionary(metric => metric, metric =>
        {
            ChartSeries curve = training.Curve(metric, metric)!;
            return curve.X.Zip(curve.Y).ToDictionary(point => point.First, point => point.Second);
        });
        IEnumerable<double> steps = columns.Values.SelectMany(column => column.Keys).Distinct().Order();
        return new DataTable(
            [new("step", IsNumber: true), .. training.Metrics.Select(metric => new TableColumn(metric, IsNumber: true))],
            [.. steps.Select(step => (IReadOnlyList<object?>)[step, .. training.Metrics.Select(metric => columns[metric].TryGetValue(step, out double value) ? value : (object?)null)])]);
    }
}
