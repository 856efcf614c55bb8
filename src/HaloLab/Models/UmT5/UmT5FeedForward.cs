using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.UmT5;

/// <summary>wo(gelu(wi_0 x) · wi_1 x), GELU by its tanh approximation (Shazeer 2020, arXiv 2002.05202).</summary>
public sealed class UmT5FeedForward : Module<Tensor, Tensor>
{
    public readonly Linear wi_0;
    public readonly Linear wi_1;
    public readonly Linear wo;

    public UmT5FeedForward(UmT5Config config)
        : base(nameof(UmT5FeedForward))
    {
        wi_0 = new Linear(config.DModel, config.DFf, hasBias: false);
        wi_1 = new Linear(config.DModel, config.DFf, hasBias: false);
        wo = new Linear(config.DFf, config.DModel, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor gate_BLF = functional.gelu(wi_0.call(states_BLC), TorchSharp.Modules.GELU.Approximate.tanh);
        return wo.call(gate_BLF * wi_1.call(states_BLC)).MoveToOuterDisposeScope();
    }
}
