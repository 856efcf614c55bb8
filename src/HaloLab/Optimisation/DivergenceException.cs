namespace HaloLab.Optimisation;

/// <summary>Training no longer makes sense; the message says what was seen and what to try. The last checkpoint from before is kept.</summary>
public sealed class DivergenceException : Exception
{
    /// <param name="step">The step at which it was seen, from 0.</param>
    /// <param name="diagnosis">What was seen, a sentence without its full stop.</param>
    /// <param name="advice">What to try, a sentence.</param>
    /// <param name="cause">What was thrown, or null.</param>
    public DivergenceException(long step, string diagnosis, string advice, Exception? cause = null)
        : base(FormattableString.Invariant($"Training was stopped at step {step}: {diagnosis}. The last checkpoint from before is kept. {advice}"), cause)
    {
    }
}
