using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Optimisation;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>
/// Measures a model between stretches of its training, ends it when it has not become better for some of them, and leaves the best weights in it. What was measured and
/// the best weights are written before training goes on, so that a run that was killed stops where an undisturbed one does.
/// </summary>
/// <param name="folder">Gets <see cref="EvaluationsFile"/> and the best weights.</param>
/// <param name="every">Steps between measurements, at least 1.</param>
/// <param name="patience">Measurements without a better one after which training ends; 0 trains to the end.</param>
/// <param name="measure">Higher is better; NaN where it is undefined, which is worse than any number. Told the number of steps done.</param>
internal sealed class EarlyStopping(string folder, int every, int patience, Func<long, double> measure)
{
    public const string EvaluationsFile = "evaluations.jsonl";
    private const string BestFile = "best.safetensors";
    private const string Weights = "values";

    private readonly string _evaluations = Path.Combine(folder, EvaluationsFile);
    private readonly string _best = Path.Combine(folder, BestFile);

    /// <summary>Trains and measures in turn.</summary>
    /// <param name="totalSteps">Where training ends at the latest.</param>
    /// <param name="parameters">What is trained.</param>
    /// <param name="trainTo">Trains to a number of steps.</param>
    public void Run(long totalSteps, FlatParameters parameters, Action<long> trainTo)
    {
        List<(long Step, double Value)> measured = [.. Read()];
        for (long end = Math.Min(every, totalSteps); ; end = Math.Min(end + every, totalSteps))
        {
            if (!measured.Exists(item => item.Step == end))
            {
                trainTo(end);
                double value = measure(end);
                if (measured.Count == 0 || IsBetter(value, measured[Best(measured)].Value))
                {
                    Safetensors.Save(_best, new Dictionary<string, Tensor> { [Weights] = parameters.Values });
                }

                measured.Add((end, value));
                Write(measured);
            }

            int reached = measured.FindIndex(item => item.Step == end);
            int best = Best(measured[..(reached + 1)]);
            if (end == totalSteps || (patience > 0 && reached - best >= patience))
            {
                break;
            }
        }

        using var scope = NewDisposeScope();
        parameters.Become(Safetensors.Load(_best)[Weights]);
    }

    /// <summary>What was measured so far, by step.</summary>
    public static IReadOnlyList<(long Step, double Value)> ReadFrom(string folder) => [.. new EarlyStopping(folder, 1, 0, _ => double.NaN).Read()];

    private static bool IsBetter(double value, double best) => !double.IsNaN(value) && (double.IsNaN(best) || value > best);

    private static int Best(List<(long Step, double Value)> measured)
    {
        int best = 0;
        for (int i = 1; i < measured.Count; i++)
        {
            best = IsBetter(measured[i].Value, measured[best].Value) ? i : best;
        }

        return best;
    }

    private IEnumerable<(long Step, double Value)> Read()
    {
        if (!File.Exists(_evaluations))
        {
            yield break;
        }

        foreach (string line in File.ReadLines(_evaluations))
        {
            JsonNode row = JsonNode.Parse(line)!;
            yield return (row["step"]!.GetValue<long>(), row["agreement"]?.GetValue<double>() ?? double.NaN);
        }
    }

    /// <summary>JSON has no NaN: an undefined measurement is null.</summary>
    private void Write(List<(long Step, double Value)> measured) => AtomicFile.WriteAllText(_evaluations, string.Concat(measured.Select(item =>
        JsonSerializer.Serialize(new { step = item.Step, agreement = double.IsNaN(item.Value) ? (double?)null : item.Value }) + "\n")));
}
