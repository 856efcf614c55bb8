using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Scaling;

namespace HaloLab.Optimisation;

/// <summary>
/// The loop around a training step, the same for every trainer: goes on from the last checkpoint in its folder, writes one JSON line of
/// metrics a step, saves every few seconds, and stops where it is told to without losing more than that. Of several ranks the first one writes, all read.
/// </summary>
/// <param name="folder">Gets <see cref="CheckpointFile"/>, which whoever keeps the folder may delete in the end, and <see cref="MetricsFile"/>.</param>
/// <param name="state">What is saved and restored.</param>
/// <param name="optimiser">Counts the steps.</param>
/// <param name="guard">Ends a training that no longer makes sense; null: only what is not a number does.</param>
/// <param name="ranks">The ranks that take the steps together, to which a step gives the same metrics; null: this process alone.</param>
/// <param name="profile">Records a few steps, or null.</param>
public sealed class TrainingLoop(string folder, TrainingState state, AdamW optimiser, ITrainingGuard? guard = null, Communicator? ranks = null, StepProfile? profile = null)
{
    /// <summary>Everything that is needed to go on. It stays when training ends, so that what comes after may be killed too.</summary>
    public const string CheckpointFile = "training.safetensors";

    /// <summary>The last checkpoint and the one before it.</summary>
    public static IReadOnlyList<string> CheckpointFiles { get; } = [CheckpointFile, TrainingState.PreviousOf(CheckpointFile)];

    /// <summary>One JSON object a line and step.</summary>
    public const string MetricsFile = "metrics.jsonl";

    /// <summary>A kill loses at most this much work (and the step under way), or a few times as much as saving takes.</summary>
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(10);

    /// <summary>Saving a large model must not take more than one part in so many of the time.</summary>
    private const int StepsTimePerSave = 20;

    private readonly Communicator _ranks = ranks ?? Communicator.Alone;
    private readonly string _statePath = Path.Combine(folder, CheckpointFile);
    private readonly string _metricsPath = Path.Combine(folder, MetricsFile);

    /// <summary>The metrics of every step of a training.</summary>
    /// <param name="folder">Folder of the training.</param>
    public static IReadOnlyList<JsonObject> ReadMetrics(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, MetricsFile)).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>Runs the steps that are left of <paramref name="totalSteps"/>.</summary>
    /// <param name="totalSteps">Where training ends.</param>
    /// <param name="step">Does step number n, updates the parameters, returns its metrics.</param>
    /// <param name="advanced">Told the number of steps done; may throw <see cref="OperationCanceledException"/>, the state is saved then.</param>
    /// <exception cref="DivergenceException">A metric is not a finite number, or the guard ended the training; the last sound checkpoint is kept.</exception>
    public void Run(long totalSteps, Func<long, JsonObject> step, Action<long> advanced)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(advanced);
        Directory.CreateDirectory(folder);
        long metricsBytes = state.Restore(_statePath, TrainingChange.Read(folder)) ?? 0;
        foreach (JsonObject seen in metricsBytes == 0 ? [] : Read(metricsBytes))
        {
            guard?.See(seen);
        }

        if (metricsBytes > 0 && state.Ranks != _ranks.Size)
        {
            _ranks.Say(FormattableString.Invariant($"Going on from step {optimiser.Steps}. Ranks: {_ranks.Size}, before it {state.Ranks}. Sums are rounded otherwise from here on: the same training, not the same bits."));
        }

        // Nothing is written before every rank has read it.
        _ranks.Barrier();
        using FileStream? metrics = _ranks.IsFirst ? new(_metricsPath, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read) : null;

        // Lines of steps after the checkpoint will be written again.
        metrics?.SetLength(metricsBytes);
        metrics?.Seek(0, SeekOrigin.End);
        Stopwatch sinceCheckpoint = Stopwatch.StartNew();
        TimeSpan untilCheckpoint = CheckpointInterval;
        try
        {
            while (optimiser.Steps < totalSteps)
            {
                long number = optimiser.Steps;
                profile?.BeginStep(number);
                JsonObject line = new() { ["step"] = number };
                foreach ((string name, JsonNode? value) in step(number))
                {
                    line[name] = value?.DeepClone();
                }

                profile?.Phase("log and guard");
                string text = Text(line, number);
                metrics?.Write(Encoding.UTF8.GetBytes(text + "\n"));

                // For whoever watches the file; it is not worth a wait for the disk.
                metrics?.Flush();
                guard?.See(line);
                if (_ranks.Any(_ranks.IsFirst && sinceCheckpoint.Elapsed > untilCheckpoint) && guard?.IsSound != false)
                {
                    sinceCheckpoint.Restart();
                    Save(metrics);
                    untilCheckpoint = TimeSpan.FromTicks(Math.Max(CheckpointInterval.Ticks, StepsTimePerSave * sinceCheckpoint.Elapsed.Ticks));
                }

                profile?.Phase("report");
                advanced(number + 1);
            }
        }
        catch (OperationCanceledException)
        {
            // Where one rank alone was stopped, the others do not come to put a sharded state together.
            if (guard?.IsSound != false && (!optimiser.IsSharded || _ranks.HasAgreedToStop))
            {
                Save(metrics);
            }

            throw;
        }

        Save(metrics);
        profile?.Finish();
    }

    private static string Text(JsonObject line, long step)
    {
        try
        {
            return line.ToJsonString();
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException)
        {
            // JSON has no NaN and no infinity.
            throw new DivergenceException(step, "a metric is not a finite number", "Lower the learning rate or β.", exception);
        }
    }

    /// <summary>The metrics that belong to a checkpoint; what is behind them in the file does not.</summary>
    private IEnumerable<JsonObject> Read(long bytes) =>
        Encoding.UTF8.GetString(File.ReadAllBytes(_metricsPath).AsSpan(0, (int)bytes)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject());

    private void Save(FileStream? metrics)
    {
        profile?.Phase("checkpoint");
        metrics?.Flush(flushToDisk: true);
        state.Save(_statePath, metrics?.Length ?? 0, _ranks);
    }
}
