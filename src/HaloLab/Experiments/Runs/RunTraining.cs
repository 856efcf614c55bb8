using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Optimisation;

namespace HaloLab.Experiments.Runs;

/// <summary>One training of a run: the metrics of its steps.</summary>
public sealed class RunTraining
{
    private const string Step = "step";
    private readonly SortedDictionary<string, (List<double> Steps, List<double> Values)> _metrics = new(StringComparer.Ordinal);
    private readonly List<string> _written = [];

    /// <param name="name">Name of its stage.</param>
    /// <param name="folder">Folder with <see cref="TrainingLoop.MetricsFile"/>.</param>
    /// <param name="isFinished">Whether it trained to its end.</param>
    /// <exception cref="InputException">The file does not hold metrics.</exception>
    internal RunTraining(string name, string folder, bool isFinished)
    {
        (Name, Folder, IsFinished) = (name, folder, isFinished);
        string path = Path.Combine(folder, TrainingLoop.MetricsFile);
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            // The last line of a training that goes on may be half written.
            if (Parse(lines[i]) is not { } line)
            {
                if (i < lines.Length - 1 || isFinished)
                {
                    throw new InputException($"{path}: line {i + 1} is not an object with a number '{Step}'. The trainer writes one a step; delete the file if something else changed it.");
                }

                continue;
            }

            Steps++;
            double step = line[Step]!.GetValue<double>();
            foreach ((string metric, JsonNode? value) in line)
            {
                if (metric != Step && value is JsonValue && value.GetValueKind() == JsonValueKind.Number)
                {
                    if (!_metrics.TryGetValue(metric, out (List<double> Steps, List<double> Values) curve))
                    {
                        _metrics[metric] = curve = ([], []);
                        _written.Add(metric);
                    }

                    curve.Steps.Add(step);
                    curve.Values.Add(value.GetValue<double>());
                }
            }
        }
    }

    /// <summary>Name of its stage.</summary>
    public string Name { get; }

    /// <summary>Where its files are.</summary>
    public string Folder { get; }

    /// <summary>Whether it trained to its end.</summary>
    public bool IsFinished { get; }

    /// <summary>Number of steps whose metrics are there.</summary>
    public long Steps { get; private set; }

    /// <summary>What was measured.</summary>
    public IReadOnlyCollection<string> Metrics => _metrics.Keys;

    /// <summary>The same as the trainer writes them, what matters most first.</summary>
    public IReadOnlyList<string> MetricsAsWritten => _written;

    /// <summary>The last value of a metric, or null where it was not measured.</summary>
    public double? Last(string metric) => _metrics.TryGetValue(metric, out var curve) ? curve.Values[^1] : null;

    /// <summary>A metric over the steps, or null where it was not measured.</summary>
    /// <param name="metric">Its name.</param>
    /// <param name="label">Name of the line.</param>
    public ChartSeries? Curve(string metric, string label) => _metrics.TryGetValue(metric, out var curve) ? new ChartSeries(label, curve.Steps, curve.Values) : null;

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject parsed && parsed[Step] is JsonValue step && step.GetValueKind() == JsonValueKind.Number ? parsed : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
