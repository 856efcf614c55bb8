using System.Diagnostics;
using System.Text.Json;
using HaloLab.Scaling;
using MathNet.Numerics.Statistics;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Records where the time of a few training steps goes, and what is in memory between their phases, as a trace in the trace-event format (Chrome's "Trace Event Format") that chrome://tracing and Perfetto open. Whoever
/// does a step names its phases as they begin (<see cref="Phase"/>); outside the recorded steps that does nothing. It draws no random number and changes no tensor, so what is trained is the same bytes.
/// </summary>
/// <param name="path">Where the trace is written, by the first rank, as soon as the last step is recorded, or at the end of the training.</param>
/// <param name="steps">Steps to record, 1 to <see cref="MostSteps"/>.</param>
/// <param name="ranks">The ranks that take the steps together; the trace has all of them, each as a process. Null: this process alone.</param>
/// <exception cref="InputException">The number of steps is out of its range.</exception>
public sealed class StepProfile(string path, int steps, Communicator? ranks = null)
{
    /// <summary>Steps before the first one that is recorded: kernels are chosen and memory is taken for the first time there.</summary>
    public const int WarmUpSteps = 2;

    /// <summary>More would say nothing new, in a file that viewers are slow to open.</summary>
    public const int MostSteps = 100;

    private const string WholeStep = "step";
    private const string Between = "between the phases";

    private readonly int _wanted = steps is >= 1 and <= MostSteps
        ? steps
        : throw new InputException(FormattableString.Invariant($"--profile {steps}: expected 1 to {MostSteps} steps."));

    private readonly Communicator _ranks = ranks ?? Communicator.Alone;
    private readonly List<long> _steps = [];
    private readonly List<Span> _spans = [];
    private readonly List<Level> _levels = [];

    // Innermost last.
    private readonly List<Span> _open = [];

    // How many of the open ones stay open when a phase begins.
    private int _outer;
    private int _warmUps;
    private long _zero;
    private bool _isWritten;

    /// <summary>Where the trace is written.</summary>
    public string FilePath => path;

    /// <summary>Numbers of the recorded steps, from 0.</summary>
    public IReadOnlyList<long> Steps => _steps;

    /// <summary>A step begins, and the one before it ends. Every rank calls it for every step.</summary>
    /// <param name="number">Its number, from 0.</param>
    public void BeginStep(long number)
    {
        if (_isWritten)
        {
            return;
        }

        if (_steps.Count == _wanted)
        {
            Finish();
            return;
        }

        Close(0);
        if (_warmUps < WarmUpSteps)
        {
            _warmUps++;
            return;
        }

        if (_steps.Count == 0)
        {
            // The ranks' clocks begin together.
            _ranks.Barrier();
            _zero = Stopwatch.GetTimestamp();
        }

        _steps.Add(number);
        Look();
        Open(WholeStep);
        _outer = 1;
    }

    /// <summary>What is done from here on, until the next phase or the end of the step.</summary>
    public void Phase(string name)
    {
        if (_open.Count > 0)
        {
            Close(_outer);
            Open(name);
        }
    }

    /// <summary>Phases from here on are parts of the present one, until what is returned is disposed.</summary>
    public IDisposable? Parts()
    {
        if (_open.Count == 0)
        {
            return null;
        }

        Enclosed parts = new(this, _outer);
        _outer = _open.Count;
        return parts;
    }

    /// <summary>The last step has ended: writes the trace, unless it is written or no step was recorded. Every rank calls it.</summary>
    public void Finish()
    {
        if (_isWritten || _steps.Count == 0)
        {
            return;
        }

        Close(0);
        _isWritten = true;
        IReadOnlyList<string> ofRanks = _ranks.Gather(string.Join(",\n", Events().Select(item => JsonSerializer.Serialize(item))));
        if (_ranks.IsFirst)
        {
            AtomicFile.WriteAllText(path, $"{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{string.Join(",\n", ofRanks)}\n]}}\n");
        }
    }

    /// <summary>The times of the recorded steps on this rank: the step, then its phases with their parts, in the order in which they first began, and what lies between the phases.</summary>
    public IReadOnlyList<PhaseTime> Phases()
    {
        double all = _spans.Where(span => span.Depth == 0).Sum(span => span.Microseconds);
        double[] between = [.. Enumerable.Range(0, _steps.Count).Select(step => OfStep(step, 0) - OfStep(step, 1))];
        return
        [
            .. _spans.GroupBy(span => span.Path).Select(spans => Of(spans.First().Name, spans.First().Depth, [.. spans.GroupBy(span => span.Step).Select(ofStep => ofStep.Sum(span => span.Microseconds))])),
            .. _steps.Count == 0 ? [] : new[] { Of(Between, 1, between) },
        ];

        double OfStep(int step, int depth) => _spans.Where(span => span.Step == step && span.Depth == depth).Sum(span => span.Microseconds);
        PhaseTime Of(string name, int depth, double[] times) => new(name, depth, times.Median() / 1e3, times.Length, times.Sum() / all);
    }

    private void Open(string name)
    {
        Span span = new(_open.LastOrDefault(), name, _steps.Count - 1, Now());
        _spans.Add(span);
        _open.Add(span);
    }

    /// <summary>Ends what is open, but for the outermost ones.</summary>
    private void Close(int outermost)
    {
        if (_open.Count <= outermost)
        {
            return;
        }

        long now = Now();
        foreach (Span span in _open.Skip(outermost))
        {
            span.End = now;
        }

        _open.RemoveRange(outermost, _open.Count - outermost);
        Look();
    }

    /// <summary>What is in memory now; it takes time itself, which belongs to no phase.</summary>
    private void Look() => _levels.Add(new Level(Now(), Tensor.TotalCount, ProcessMemory.Resident));

    private long Now()
    {
        if (Compute.Device.type == DeviceType.CUDA)
        {
            // What was asked of it is not done yet when the call returns.
            cuda.synchronize();
        }

        return Stopwatch.GetTimestamp() - _zero;
    }

    private IEnumerable<object> Events()
    {
        int pid = _ranks.Rank;
        const int tid = 0;
        yield return new { name = "process_name", ph = "M", pid, tid, args = new { name = FormattableString.Invariant($"rank {pid} of {_ranks.Size}") } };
        yield return new { name = "thread_name", ph = "M", pid, tid, args = new { name = "training" } };
        foreach (Span span in _spans)
        {
            yield return new { name = span.Name, cat = "training", ph = "X", ts = Microseconds(span.Start), dur = span.Microseconds, pid, tid, args = new { step = _steps[span.Step] } };
        }

        foreach (Level level in _levels)
        {
            double ts = Microseconds(level.At);
            yield return new { name = "live tensors", ph = "C", ts, pid, tid, args = new { tensors = level.Tensors } };
            yield return new { name = "resident memory", ph = "C", ts, pid, tid, args = new { bytes = level.Bytes } };
        }
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private sealed class Span(Span? parent, string name, int step, long start)
    {
        public string Name => name;

        public string Path { get; } = parent is null ? name : parent.Path + "\n" + name;

        public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

        public int Step => step;

        public long Start => start;

        public long End { get; set; }

        public double Microseconds => StepProfile.Microseconds(End - start);
    }

    private sealed record Level(long At, long Tensors, long Bytes);

    private sealed class Enclosed(StepProfile profile, int outer) : IDisposable
    {
        public void Dispose()
        {
            profile.Close(profile._outer);
            profile._outer = outer;
        }
    }
}
