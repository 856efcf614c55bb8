using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>A layer with a weight and perhaps a bias, to which a <see cref="Lora"/> can be attached.</summary>
public abstract class AdaptableLayer : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter? bias;

    private protected AdaptableLayer(string name, long[] weightShape, bool hasBias)
        : base(name)
    {
        weight = Parameter(empty(weightShape));
        bias = hasBias ? Parameter(zeros(weightShape[0])) : null;
        RegisterComponents();
    }

    /// <summary>A fresh model has this layer at zero, so that the branch it ends adds nothing at first.</summary>
    public bool StartsAtZero { get; init; }

    /// <summary>The attached adapter, or null.</summary>
    public Lora? Adapter { get; private set; }

    /// <summary>Attaches an adapter of that rank; A has zeros until somebody draws it.</summary>
    public Lora Attach(int rank, double scale)
    {
        if (Adapter is not null)
        {
            throw new InvalidOperationException("This layer already carries an adapter.");
        }

        Adapter = new Lora(weight, rank, scale);
        register_module("lora", Adapter);
        return Adapter;
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        Tensor output = Apply(input, weight, bias);
        if (Adapter is not { Enabled: true } adapter)
        {
            return output;
        }

        using Tensor down = Apply(input, adapter.lora_A, null);
        using Tensor up = ApplyPointwise(down, adapter.lora_B);
        using (output)
        {
            return output.add(up, adapter.Scale);
        }
    }

    /// <summary>The layer's own map with other values of the same kernel.</summary>
    private protected abstract Tensor Apply(Tensor input, Tensor weight, Tensor? bias);

    /// <summary>The 1×1 form of the map: kernel 1, stride 1, no padding.</summary>
    private protected abstract Tensor ApplyPointwise(Tensor input, Tensor weight);
}
