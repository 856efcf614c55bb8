using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>SwiGLU (Shazeer 2020, arXiv 2002.05202) without biases: down(silu(gate(x)) · up(x)).</summary>
public sealed class Qwen2Mlp : Module<Tensor, Tensor>
{
    public readonly Linear gate_proj;
    public readonly Linear up_proj;
    public readonly Linear down_proj;

    public Qwen2Mlp(int width, int hidden)
        : base(nameof(Qwen2Mlp))
    {
        gate_proj = new(width, hidden, hasBias: false);
        up_proj = new(width, hidden, hasBias: false);
        down_proj = new(hidden, width, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC)
    {
        using var scope = NewDisposeScope();
        return down_proj.call(functional.silu(gate_proj.call(states_BLC)) * up_proj.call(states_BLC)).MoveToOuterDisposeScope();
    }
}
