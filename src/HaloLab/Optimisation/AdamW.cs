using HaloLab.Scaling;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101) over <see cref="FlatParameters"/>. Its whole state is two
/// vectors and a step count, so a resumed run continues bit for bit. Several ranks may keep a part of the vectors each (ZeRO's first stage: Rajbhandari et al. 2020, arXiv 1910.02054): every rank updates its part of the values
/// and gets the others' from those who did. Gradients are still added up whole, so the norm and every value are the same bits as without.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly AdamWOptions _options;
    private readonly Communicator _shards;
    private readonly Tensor _firstMoment;
    private readonly Tensor _secondMoment;

    /// <param name="parameters">What is trained.</param>
    /// <param name="options">Settings.</param>
    /// <param name="shards">Ranks that keep a part of the state each and take every step together; null: all of it is kept here.</param>
    public AdamW(FlatParameters parameters, AdamWOptions options, Communicator? shards = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        _parameters = parameters;
        _options = options;
        _shards = shards ?? Communicator.Alone;
        using var scope = NewDisposeScope();
        Tensor own = PartOf(parameters.Values, _shards.Rank);
        _firstMoment = zeros_like(own).DetachFromDisposeScope();
        _secondMoment = zeros_like(own).DetachFromDisposeScope();
    }

    /// <summary>The vectors of the state, in the order in which they are saved.</summary>
    internal static IReadOnlyList<string> StateNames { get; } = ["first_moment", "second_moment"];

    /// <summary>Whether other ranks keep parts of the state: all of them must then be there to put it together.</summary>
    public bool IsSharded => _shards.Size > 1;

    /// <summary>Bytes of the state that is kept here.</summary>
    public long StateBytes => 2 * _firstMoment.NumberOfElements * _firstMoment.ElementSize;

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
        Tensor norm = _parameters.Gradients.norm();
        Tensor gradient = PartOf(_parameters.Gradients, _shards.Rank);
        if (double.IsFinite(_options.MaximumGradientNorm))
        {
            // As torch.nn.utils.clip_grad_norm_: scaled by min(1, max / (norm + 1e-6)).
            gradient.mul_((_options.MaximumGradientNorm / (norm + 1e-6)).clamp_max(1.0));
        }

        profile?.Phase("optimiser");
        Steps++;
        Tensor values = PartOf(_parameters.Values, _shards.Rank);
        values.mul_(1.0 - (learningRate * _options.WeightDecay));
        _firstMoment.mul_(_options.Beta1).add_(gradient, alpha: 1.0 - _options.Beta1);
        _secondMoment.mul_(_options.Beta2).addcmul_(gradient, gradient, value: 1.0 - _options.Beta2);
        double firstCorrection = 1.0 - Math.Pow(_options.Beta1, Steps);
        double secondCorrection = 1.0 - Math.Pow(_options.Beta2, Steps);
        Tensor denominator = _secondMoment.sqrt().div_(Math.Sqrt(secondCorrection)).add_(_options.Epsilon);
        values.addcdiv_(_firstMoment, denominator, value: -learningRate / firstCorrection);
        if (IsSharded)
        {
            profile?.Phase("all-gather");
            Gather(rank => PartOf(_parameters.Values, rank));
        }

        _parameters.Round();
        _parameters.ClearGradients();
        return norm.to(ScalarType.Float64).item<double>();
    }

    /// <summary>
    /// The state, vectors of the layout of the parameters: borrowed, or put together on the first rank for the caller's dispose scope, where all ranks call it and the others get nothing.
    /// </summary>
    internal IReadOnlyDictionary<string, Tensor> GatherState()
    {
        Dictionary<string, Tensor> state = [];
        foreach ((string name, Tensor own) in StateNames.Zip([_firstMoment, _secondMoment]))
        {
            if (!IsSharded)
            {
                state[name] = own;
            }
            else if (_shards.IsFirst)
            {
                state[name] = zeros_like(_parameters.Values);
                PartOf(state[name], _shards.Rank).copy_(own);
                Gather(rank => PartOf(state[name], rank));
            }
            else
            {
                // Room for one part of another rank at a time.
                Gather(rank => rank == _shards.Rank ? own : zeros_like(PartOf(_parameters.Values, rank)));
            }
        }

        return state;
    }

    /// <summary>Takes up a state: its part of vectors of the layout of the parameters, and the number of steps.</summary>
    internal void RestoreState(IReadOnlyDictionary<string, Tensor> state, long steps)
    {
        using var scope = NewDisposeScope();
        _firstMoment.copy_(PartOf(state[StateNames[0]], _shards.Rank));
        _secondMoment.copy_(PartOf(state[StateNames[1]], _shards.Rank));
        Steps = steps;
    }

    public void Dispose()
    {
        _firstMoment.Dispose();
        _secondMoment.Dispose();
    }

    /// <summary>Gives every rank the part of each.</summary>
    /// <param name="partOf">This rank's part, or the room for another one's.</param>
    private void Gather(Func<int, Tensor> partOf)
    {
        for (int rank = 0; rank < _shards.Size; rank++)
        {
            using var scope = NewDisposeScope();
            _shards.Share(partOf(rank), rank);
        }
    }

    /// <summary>A rank's part of a vector of the layout of the parameters.</summary>
    private Tensor PartOf(Tensor vector, int rank)
    {
        int places = (int)(vector.shape[0] / FlatParameters.Alignment);
        (int start, int count) = _shards.PartOf(places, rank).GetOffsetAndLength(places);
        return vector.narrow(0, (long)start * FlatParameters.Alignment, (long)count * FlatParameters.Alignment);
    }
}
