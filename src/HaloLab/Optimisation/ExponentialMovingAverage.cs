using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>θ̄ ← d θ̄ + (1 − d) θ after every optimiser step, started at the initial weights, without bias correction.</summary>
public sealed class ExponentialMovingAverage : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double _decay;

    /// <param name="parameters">What is averaged.</param>
    /// <param name="decay">d, 0 to below 1.</param>
    public ExponentialMovingAverage(FlatParameters parameters, double decay)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegative(decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(decay, 1.0);
        _parameters = parameters;
        _decay = decay;
        Values = parameters.Values.clone().DetachFromDisposeScope();
    }

    /// <summary>The average, a vector of the layout of the parameters.</summary>
    public Tensor Values { get; }

    public void Update()
    {
        using var noGradient = no_grad();
        Values.mul_(_decay).add_(_parameters.Values, alpha: 1.0 - _decay);
    }

    public void Dispose() => Values.Dispose();
}
