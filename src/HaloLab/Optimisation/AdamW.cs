using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101) over <see cref="FlatParameters"/>. Its whole state is two
/// vectors and a step count, so a resumed run continues bit for bit.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly AdamWOptions _options;
    private readonly Tensor _firstMoment;
    private readonly Tensor _secondMoment;

    public AdamW(FlatParameters parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        _parameters = parameters;
        _options = options;
        _firstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        _secondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <summary>Number of steps taken; moments and count advance at a learning rate of 0 too.</summary>
    public long Steps { get; private set; }

    /// <summary>Clips the gradients, updates the parameters, and sets the gradients to zero.</summary>
    /// <param name="learningRate">Learning rate of this step, at least 0.</param>
    /// <param name="profile">Told what is done, or null.</param>
    /// <returns>Global L2 norm of the gradient before clipping.</returns>
    public double Step(double learningRate, StepProfile? profile = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        profile?.Phase("gradient clipping");
        _parameters.CollectGradients();
        Tensor gradient = _parameters.Gradients;
        Tensor norm = gradient.norm();
        if (double.IsFinite(_options.MaximumGradientNorm))
        {
            // As torch.nn.utils.clip_grad_norm_: scaled by min(1, max / (norm + 1e-6)).
            gradient.mul_((_options.MaximumGradientNorm / (norm + 1e-6)).clamp_max(1.0));
        }

        profile?.Phase("optimiser");
        Steps++;
        Tensor values = _parameters.Values;
        values.mul_(1.0 - (learningRate * _options.WeightDecay));
        _firstMoment.mul_(_options.Beta1).add_(gradient, alpha: 1.0 - _options.Beta1);
        _secondMoment.mul_(_options.Beta2).addcmul_(gradient, gradient, value: 1.0 - _options.Beta2);
        double firstCorrection = 1.0 - Math.Pow(_options.Beta1, Steps);
        double secondCorrection = 1.0 - Math.Pow(_options.Beta2, Steps);
        Tensor denominator = _secondMoment.sqrt().div_(Math.Sqrt(secondCorrection)).add_(_options.Epsilon);
        values.addcdiv_(_firstMoment, denominator, value: -learningRate / firstCorrection);
        _parameters.Round();
        _parameters.ClearGradients();
        return norm.to(ScalarType.Float64).item<double>();
    }

    /// <summary>The state, borrowed: vectors of the layout of the parameters.</summary>
    internal IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["first_moment"] = _firstMoment, ["second_moment"] = _secondMoment };

    /// <summary>Sets the step count after the vectors of <see cref="State"/> were overwritten.</summary>
    internal void RestoreSteps(long steps) => Steps = steps;

    public void Dispose()
    {
        _firstMoment.Dispose();
        _secondMoment.Dispose();
    }
}
