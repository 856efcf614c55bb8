using System.Collections.Concurrent;

namespace HaloLab.Notebooks.Scripting;

/// <summary>The thread on which cells run, one after the other: torch keeps its scopes and modes per thread.</summary>
internal sealed class CellThread : IDisposable
{
    // As much as a program's first thread has: cells may recurse deeply.
    private const int StackBytes = 8 << 20;
    private readonly BlockingCollection<Action> _work = [];

    public CellThread() => new Thread(Work, StackBytes) { IsBackground = true, Name = "cells" }.Start();

    /// <summary>Runs work on the thread and waits for it; called by one thread at a time.</summary>
    public T Run<T>(Func<T> work)
    {
        TaskCompletionSource<T> result = new();
        _work.Add(() =>
        {
            try
            {
                result.SetResult(work());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>Ends the thread once it has nothing to do.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Work()
    {
        foreach (Action action in _work.GetConsumingEnumerable())
        {
            action();
        }

        _work.Dispose();
    }
}
