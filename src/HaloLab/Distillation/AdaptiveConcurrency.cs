namespace HaloLab.Distillation;

/// <summary>
/// How many requests may be in flight: at most so many; half as many after the service asked to slow down, and nobody starts before the time it named; one
/// more after as many answers as are allowed in flight. Additive increase, multiplicative decrease (Chiu and Jain 1989).
/// </summary>
internal sealed class AdaptiveConcurrency(int maximum, TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = NewSignal();
    private double _limit = maximum;
    private int _running;
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;
    private DateTimeOffset _lastCut = DateTimeOffset.MinValue;

    /// <summary>Requests that may be in flight now.</summary>
    public int Limit
    {
        get
        {
            lock (_lock)
            {
                return (int)_limit;
            }
        }
    }

    /// <summary>Waits for a place. Every call that ends well is followed by one of <see cref="Leave"/>.</summary>
    /// <returns>When the place was taken.</returns>
    public async Task<DateTimeOffset> EnterAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            Task changed;
            TimeSpan wait;
            lock (_lock)
            {
                DateTimeOffset now = time.GetUtcNow();
                wait = _notBefore - now;
                if (wait <= TimeSpan.Zero && _running < (int)_limit)
                {
                    _running++;
                    return now;
                }

                changed = _changed.Task;
            }

            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
            }
            else
            {
                await changed.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Gives the place back.</summary>
    /// <param name="entered">When it was taken.</param>
    /// <param name="isThrottled">Whether the service asked to slow down.</param>
    /// <param name="wait">For how long it asked.</param>
    public void Leave(DateTimeOffset entered, bool isThrottled, TimeSpan? wait)
    {
        lock (_lock)
        {
            _running--;
            if (isThrottled)
            {
                DateTimeOffset now = time.GetUtcNow();
                _notBefore = wait is { } asked && now + asked > _notBefore ? now + asked : _notBefore;

                // Requests that were under way together complain together: they count once.
                if (entered >= _lastCut)
                {
                    _limit = Math.Max(1, _limit / 2);
                    _lastCut = now;
                }
            }
            else
            {
                _limit = Math.Min(maximum, _limit + (1 / _limit));
            }

            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
