using System.Runtime;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// Stops one running cell. First the token that the cell can see; what has not stopped two seconds later, or at a second request, is stopped by
/// the runtime, at the next boundary of managed code; ten seconds after the request a note says that only a restart helps.
/// </summary>
internal sealed class CellInterruption(Action notifyStuck)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // None of these is disposed: a thread of Request may hold them longer than the cell runs. They have no timers and no handles.
    private readonly CancellationTokenSource _asked = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly ManualResetEventSlim _hurry = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly Lock _ending = new();
    private Thread? _thread;
    private bool _wasWoken;
    private int _requests;

    /// <summary>What the cell can see.</summary>
    public CancellationToken Token => _asked.Token;

    public bool WasRequested => Volatile.Read(ref _requests) > 0;

    /// <summary>
    /// Whether the runtime was asked to stop the thread. It does so from within a handler of its own signal, which therefore stays blocked in that thread and in
    /// what is started from it, and holds the handler for unfinished: code that computes there cannot be stopped a second time.
    /// </summary>
    public bool HasStoppedThread => _abort.IsCancellationRequested;

    /// <summary>Runs the cell's code on this thread.</summary>
    /// <returns>Whether the runtime had to stop it.</returns>
    public bool Run(Action action)
    {
        Volatile.Write(ref _thread, Thread.CurrentThread);
        try
        {
#pragma warning disable SYSLIB0046 // Made for this: programs that evaluate code somebody types, and must stop it.
            ControlledExecution.Run(action, _abort.Token);
#pragma warning restore SYSLIB0046
            return false;
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            return true;
        }
        catch (ThreadInterruptedException)
        {
            return true;
        }
        finally
        {
            End();
        }
    }

    /// <summary>Asks the cell to stop; called on any thread.</summary>
    public void Request()
    {
        if (Interlocked.Increment(ref _requests) > 1)
        {
            _hurry.Set();
            return;
        }

        // Threads of their own: callbacks of the cell's token may take long, and stopping a thread waits while it is in native code.
        Start(_asked.Cancel);
        Start(() =>
        {
            WaitHandle.WaitAny([_ended.WaitHandle, _hurry.WaitHandle], Grace);
            StopUntilItEnds();
        });
        Start(() =>
        {
            if (!_ended.Wait(Patience))
            {
                notifyStuck();
            }
        });
    }

    /// <summary>The cell is over, whether or not it came to run.</summary>
    public void End()
    {
        lock (_ending)
        {
            _ended.Set();
        }

        if (_wasWoken)
        {
            // What woke the thread too late must not wake it from its next wait.
            try
            {
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                _wasWoken = false;
            }
        }
    }

    /// <summary>A thread that waits is woken, one that computes is aborted: the runtime does not abort waits.</summary>
    private void StopUntilItEnds()
    {
        while (!_ended.IsSet)
        {
            bool isWaiting = (Volatile.Read(ref _thread)?.ThreadState & ThreadState.WaitSleepJoin) == ThreadState.WaitSleepJoin;
            lock (_ending)
            {
                if (isWaiting && !_ended.IsSet)
                {
                    _wasWoken = true;
                    _thread!.Interrupt();
                }
            }

            if (!isWaiting && !_abort.IsCancellationRequested)
            {
                Start(_abort.Cancel);
            }

            _ended.Wait(Interval);
        }
    }

    private static void Start(Action action) => new Thread(() => action()) { IsBackground = true, Name = "interrupt" }.Start();
}
