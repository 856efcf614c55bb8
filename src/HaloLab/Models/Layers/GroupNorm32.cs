using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Group normalisation over channels (Wu and He 2018, arXiv 1803.08494), computed in float32 whatever the type of the model; the result has the input's type.</summary>
public sealed class GroupNorm32 : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter bias;
    private readonly int _groups;
    private readonly double _eps;

    /// <param name="groups">Number of groups.</param>
    /// <param name="channels">Channels, a multiple of <paramref name="groups"/>.</param>
    /// <param name="eps">Added to the variance.</param>
    public GroupNorm32(int groups, int channels, double eps = 1e-5)
        : base(nameof(GroupNorm32))
    {
        if (groups < 1 || channels % groups != 0)
        {
            throw new ArgumentException($"{channels} channels cannot be split into {groups} groups.", nameof(groups));
        }

        (_groups, _eps) = (groups, eps);
        weight = Parameter(ones(channels));
        bias = Parameter(zeros(channels));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor normalised = functional.group_norm(input.to(ScalarType.Float32), _groups, weight.to(ScalarType.Float32), bias.to(ScalarType.Float32), _eps);
        return normalised.to(input.dtype).MoveToOuterDisposeScope();
    }
}
