using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Linear, GELU in its tanh form, Linear; the keys <c>net.0.proj</c> and <c>net.2</c> are those of the published files.</summary>
internal sealed class GeluFeedForward : Module<Tensor, Tensor>
{
    public readonly ModuleList<Module<Tensor, Tensor>> net;

    public GeluFeedForward(int width, int innerWidth)
        : base(nameof(GeluFeedForward))
    {
        // The identity holds the place of the published class's dropout, so that the second layer is number 2.
        net = new ModuleList<Module<Tensor, Tensor>>(new GeluProjection(width, innerWidth), Identity(), new Linear(innerWidth, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor inner = net[0].call(input);
        return net[2].call(inner);
    }

    private sealed class GeluProjection : Module<Tensor, Tensor>
    {
        public readonly Linear proj;

        public GeluProjection(int width, int innerWidth)
            : base(nameof(GeluProjection))
        {
            proj = new Linear(width, innerWidth);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using Tensor projected = proj.call(input);
            return functional.gelu(projected, TorchSharp.Modules.GELU.Approximate.tanh);
        }
    }
}
