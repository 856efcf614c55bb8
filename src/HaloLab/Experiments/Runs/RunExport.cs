using HaloLab.Displays;
using TorchSharp;

namespace HaloLab.Experiments.Runs;

/// <summary>Metrics of a run for other programs: CSV, and event files for TensorBoard.</summary>
public static class RunExport
{
    /// <summary>Writes <c>STAGE.csv</c> and <c>tensorboard/STAGE/</c> for everything that was trained.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Where to write; must not hold an export already.</param>
    /// <exception cref="InputException">Nothing was trained, or the folder holds an export.</exception>
    public static void Write(RunFolder run, string folder)
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
            TorchSharp.Modules.SummaryWriter writer = torch.utils.tensorboard.SummaryWriter(Directory.CreateDirectory(Path.Combine(events, training.Name)).FullName);
            foreach (string metric in training.Metrics)
            {
                ChartSeries curve = training.Curve(metric, metric)!;
                for (int i = 0; i < curve.X.Count; i++)
                {
                    writer.add_scalar(metric, (float)curve.Y[i], (int)curve.X[i]);
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
