using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>A layer with a weight and perhaps a bias, to which <see cref="Lora"/> adapters can be attached.</summary>
public abstract class AdaptableLayer : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter? bias;

    private readonly List<Lora> _adapters = [];
    private Tensor? _ownWeight;

    private protected AdaptableLayer(string name, long[] weightShape, bool hasBias)
        : base(name)
    {
        weight = Parameter(empty(weightShape));
        bias = hasBias ? Parameter(zeros(weightShape[0])) : null;
        RegisterComponents();
    }

    /// <summary>A fresh model has this layer at zero, so that the branch it ends adds nothing at first.</summary>
    public bool StartsAtZero { get; init; }

    /// <summary>Whether the layer is float32 whatever <see cref="Compute.Precision"/> is: what it makes is small and decides much.</summary>
    public bool StaysFloat32 { get; init; }

    /// <summary>The attached adapters; the enabled ones add up.</summary>
    public IReadOnlyList<Lora> Adapters => _adapters;

    /// <summary>Attaches an adapter of that rank; it has zeros until somebody fills it.</summary>
    public Lora Attach(int rank, double scale, bool hasMagnitude = false)
    {
        Lora adapter = new(weight, rank, scale, hasMagnitude);
        register_module(_adapters.Count == 0 ? "lora" : FormattableString.Invariant($"lora_{_adapters.Count + 1}"), adapter);
        _adapters.Add(adapter);
        return adapter;
    }

    /// <summary>Puts the enabled adapters into the weight itself, which makes the layer as fast as without them.</summary>
    internal void Merge()
    {
        if (_ownWeight is not null)
        {
            throw new InvalidOperationException("The adapters are merged already.");
        }

        using var noGradient = no_grad();
        _ownWeight = weight.clone().DetachFromDisposeScope();
        using Tensor merged = AdaptedWeight();
        weight.copy_(merged);
    }

    /// <summary>Undoes <see cref="Merge"/>, bit for bit.</summary>
    internal void Unmerge()
    {
        using var noGradient = no_grad();
        using Tensor own = _ownWeight ?? throw new InvalidOperationException("No adapters are merged.");
        weight.copy_(own);
        _ownWeight = null;
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (input.dtype == weight.dtype)
        {
            return Adapted(input);
        }

        using Tensor cast = input.to(weight.dtype);
        return Adapted(cast);
    }

    private Tensor Adapted(Tensor input)
    {
        if (_ownWeight is not null || !_adapters.Exists(adapter => adapter.Enabled))
        {
            return Apply(input, weight, bias);
        }

        if (_adapters.Exists(adapter => adapter is { Enabled: true, lora_magnitude_vector: not null }))
        {
            using Tensor adapted = AdaptedWeight();
            return Apply(input, adapted, bias);
        }

        Tensor output = Apply(input, weight, bias);
        foreach (Lora adapter in _adapters.Where(adapter => adapter.Enabled))
        {
            using Tensor a = adapter.lora_A.to(input.dtype);
            using Tensor b = adapter.lora_B.to(input.dtype);
            using Tensor down = Apply(input, a, null);
            using Tensor up = ApplyPointwise(down, b);
            using Tensor before = output;
            output = before.add(up, adapter.Scale * adapter.Strength);
        }

        return output;
    }

    /// <summary>The layer's own map with other values of the same kernel.</summary>
    private protected abstract Tensor Apply(Tensor input, Tensor weight, Tensor? bias);

    /// <summary>The 1×1 form of the map: kernel 1, stride 1, no padding.</summary>
    private protected abstract Tensor ApplyPointwise(Tensor input, Tensor weight);

    private Tensor AdaptedWeight()
    {
        using var scope = NewDisposeScope();
        Tensor adapted = weight.alias();
        foreach (Lora adapter in _adapters.Where(adapter => adapter.Enabled))
        {
            adapted = adapter.Layer.Merged(adapted);
        }

        return adapted.to(weight.dtype).MoveToOuterDisposeScope();
    }
}
