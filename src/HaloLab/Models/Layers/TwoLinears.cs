using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Linear, a non-linearity, Linear.</summary>
internal sealed class TwoLinears : Module<Tensor, Tensor>
{
    public readonly Linear linear_1;
    public readonly Linear linear_2;
    private readonly Func<Tensor, Tensor> _activation;

    public TwoLinears(int inputWidth, int width, Func<Tensor, Tensor> activation, bool staysFloat32 = false)
        : base(nameof(TwoLinears))
    {
        linear_1 = new Linear(inputWidth, width) { StaysFloat32 = staysFloat32 };
        linear_2 = new Linear(width, width) { StaysFloat32 = staysFloat32 };
        _activation = activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor inner = linear_1.call(input);
        using Tensor active = _activation(inner);
        return linear_2.call(active);
    }
}
