using System.Diagnostics;
using System.Text.Json;

namespace HaloLab.Experiments;

/// <summary>A process that computes single stages for this one, seen from here.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="number">Its number, from 1.</param>
    /// <param name="start">How it is started.</param>
    /// <param name="heard">Told every line, on another thread.</param>
    public WorkerProcess(int number, ProcessStartInfo start, Action<WorkerLine> heard)
    {
        Number = number;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => heard(new WorkerLine(this, IsAnswer: true, line.Data));
        _process.ErrorDataReceived += (_, line) => heard(new WorkerLine(this, IsAnswer: false, line.Data));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Number { get; }

    /// <summary>What it computes; null while it waits.</summary>
    public Stage? Stage { get; set; }

    /// <summary>The share of it that is done.</summary>
    public double Share { get; set; }

    /// <summary>Lets it compute a stage.</summary>
    public void Ask(Stage stage, StageRequest request)
    {
        (Stage, Share) = (stage, 0);
        try
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        }
        catch (IOException)
        {
            // It is gone; its last line comes, and the stage goes to another one.
        }
    }

    /// <summary>Asks it to save and to end.</summary>
    public void Dismiss() => _process.StandardInput.BaseStream.Dispose();

    /// <summary>Waits until it has ended and all its lines are heard; what does not end is killed.</summary>
    /// <returns>Its exit code; 128 and the number of a signal that ended it.</returns>
    public int WaitForEnd(TimeSpan longest)
    {
        if (!_process.WaitForExit(longest))
        {
            _process.Kill();
        }

        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose() => _process.Dispose();
}
