using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace HaloLab.Experiments;

/// <summary>
/// Hands stages out to workers as soon as their inputs are finished, those of the first goal first. All it knows and tells is of the thread that calls it; a worker that is killed
/// is replaced, and its stage goes on where it stopped.
/// </summary>
/// <param name="store">The store, held.</param>
/// <param name="goals">What is to be finished, with what is put before its stages' names.</param>
/// <param name="workers">Who computes.</param>
/// <param name="progress">Told how it goes.</param>
/// <param name="cancellation">Stops all within seconds.</param>
internal sealed class StageScheduler(RunStore store, IReadOnlyList<(string Label, Stage Stage)> goals, StageWorkers workers, IRunProgress progress, CancellationToken cancellation)
{
    // One that crashes, or has no memory, will do so again.
    private const int MaximumDeaths = 3;

    // From here on an exit code is that of a signal.
    private const int Signal = 128;

    /// <summary>How long a worker may take to save and to end.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(20);

    /// <summary>Ctrl-C ends the workers of a terminal, too; it is heard within this time.</summary>
    private static readonly TimeSpan Interrupt = TimeSpan.FromSeconds(0.3);

    private readonly IReadOnlyList<Stage> _order = RunStore.InOrder(goals.Select(goal => goal.Stage));
    private readonly Dictionary<Stage, string> _names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Stage, StageResult> _results = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Stage, string> _errors = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Stage, int> _deaths = new(ReferenceEqualityComparer.Instance);
    private readonly List<WorkerProcess> _workers = [];
    private readonly BlockingCollection<WorkerLine> _heard = [];
    private double _expectedComputed;
    private double _measuredComputed;

    /// <returns>For each goal all its stages, inputs first, or why it failed.</returns>
    public IReadOnlyList<(IReadOnlyList<StageResult> Stages, string? Error)> Run()
    {
        foreach ((string label, Stage goal) in goals)
        {
            foreach (Stage stage in RunStore.InOrder([goal]))
            {
                _names.TryAdd(stage, $"{label}: {stage.Name}");
            }
        }

        try
        {
            while (HandOut())
            {
                Hear(_heard.Take(cancellation));
            }
        }
        finally
        {
            Dismiss();
        }

        return [.. goals.Select(goal => _errors.TryGetValue(goal.Stage, out string? error)
            ? ([], error)
            : ((IReadOnlyList<StageResult>)[.. RunStore.InOrder([goal.Stage]).Select(stage => _results[stage])], (string?)null))];
    }

    /// <returns>Whether anything is at work then.</returns>
    private bool HandOut()
    {
        foreach (Stage stage in _order.Where(stage => !_results.ContainsKey(stage) && !_errors.ContainsKey(stage) && !_workers.Exists(worker => ReferenceEquals(worker.Stage, stage))))
        {
            cancellation.ThrowIfCancellationRequested();
            if (stage.Inputs.FirstOrDefault(_errors.ContainsKey) is { } failed)
            {
                _errors.Add(stage, _errors[failed]);
            }
            else if (stage.Inputs.All(_results.ContainsKey))
            {
                ReadOrAsk(stage);
            }
        }

        return _workers.Exists(worker => worker.Stage is not null);
    }

    private void ReadOrAsk(Stage stage)
    {
        StageResult? found;
        try
        {
            found = store.Find(stage, _results);
        }
        catch (InputException exception)
        {
            _errors.Add(stage, exception.Message);
            return;
        }

        if (found is not null)
        {
            Finish(stage, found);
        }
        else if (Idle() is { } worker)
        {
            StageResult[] inputs = [.. stage.Inputs.Distinct().Select(input => _results[input])];
            string key = RunStore.KeyOf(stage, inputs.ToDictionary(input => input.Name, input => input.OutputHash));
            worker.Ask(stage, new StageRequest(_order.Index().First(item => ReferenceEquals(item.Item, stage)).Index, key, inputs));
        }
    }

    /// <summary>A worker that waits, started if need be; null where all are at work.</summary>
    private WorkerProcess? Idle()
    {
        WorkerProcess? idle = _workers.Find(worker => worker.Stage is null);
        if (idle is null && _workers.Count < workers.Count)
        {
            int number = Enumerable.Range(1, workers.Count).First(number => !_workers.Exists(worker => worker.Number == number));
            idle = new WorkerProcess(number, workers.Start, _heard.Add);
            _workers.Add(idle);
        }

        return idle;
    }

    private void Hear(WorkerLine line)
    {
        if (line.IsAnswer && line.Text is null)
        {
            Replace(line.Worker);
        }
        else if (line.IsAnswer && line.Text!.StartsWith('{'))
        {
            Hear(line.Worker, line.Worker.Stage!, JsonSerializer.Deserialize<StageAnswer>(line.Text)!);
        }
        else
        {
            Say(line);
        }
    }

    private void Hear(WorkerProcess worker, Stage stage, StageAnswer answer)
    {
        if (answer.Folder is not null)
        {
            progress.StageStarted(_names[stage], answer.Folder, SecondsLeft());
        }
        else if (answer.Share is double share)
        {
            worker.Share = share;
            progress.StageAdvanced(_names[stage], share, SecondsLeft());
        }
        else
        {
            worker.Stage = null;
            if (answer.Result is { } result)
            {
                Finish(stage, result);
            }
            else
            {
                _errors.Add(stage, answer.Error!);
            }
        }
    }

    private void Finish(Stage stage, StageResult result)
    {
        _results.Add(stage, result);
        if (!result.WasRead)
        {
            _expectedComputed += stage.ExpectedSeconds;
            _measuredComputed += result.Seconds;
        }

        progress.StageFinished(result with { Name = _names[stage] });
    }

    /// <summary>A worker has ended, which it should not have.</summary>
    private void Replace(WorkerProcess worker)
    {
        int code = worker.WaitForEnd(Farewell);
        if (cancellation.WaitHandle.WaitOne(Interrupt))
        {
            cancellation.ThrowIfCancellationRequested();
        }

        if (code < Signal)
        {
            throw new InputException(FormattableString.Invariant($"Worker {worker.Number} ended with exit code {code}; what it said stands above."));
        }

        _workers.Remove(worker);
        worker.Dispose();
        int signal = code - Signal;
        workers.Say(FormattableString.Invariant($"Worker {worker.Number} was ended by signal {signal}; another takes its place."));
        if (worker.Stage is { } stage && (_deaths[stage] = _deaths.GetValueOrDefault(stage) + 1) == MaximumDeaths)
        {
            _errors.Add(stage, FormattableString.Invariant($"The process that computed {stage.Name} was ended {MaximumDeaths} times, the last time by signal {signal}: native code crashed, memory did not suffice for {workers.Count} workers, or somebody killed it."));
        }
    }

    /// <summary>Lets all workers end, at once, and says what they said.</summary>
    private void Dismiss()
    {
        foreach (WorkerProcess worker in _workers)
        {
            worker.Dismiss();
        }

        Stopwatch watch = Stopwatch.StartNew();
        foreach (WorkerProcess worker in _workers)
        {
            worker.WaitForEnd(TimeSpan.FromTicks(Math.Max(0, (Farewell - watch.Elapsed).Ticks)));
            worker.Dispose();
        }

        while (_heard.TryTake(out WorkerLine? line))
        {
            if (!line.IsAnswer)
            {
                Say(line);
            }
        }

        _heard.Dispose();
    }

    private void Say(WorkerLine line)
    {
        if (line.Text is not null)
        {
            workers.Say(FormattableString.Invariant($"worker {line.Worker.Number}: {line.Text}"));
        }
    }

    /// <summary>Of everything, if all workers find work to the end.</summary>
    private double SecondsLeft()
    {
        double left = _order.Where(stage => !_results.ContainsKey(stage) && !_errors.ContainsKey(stage)).Sum(stage => stage.ExpectedSeconds)
            - _workers.Where(worker => worker.Stage is not null).Sum(worker => worker.Share * worker.Stage!.ExpectedSeconds);
        return left * (_expectedComputed > 0 ? _measuredComputed / _expectedComputed : 1) / workers.Count;
    }
}
