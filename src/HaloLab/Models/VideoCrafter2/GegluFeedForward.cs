using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Feed-forward of width 4C with GEGLU (Shazeer 2020, arXiv 2002.05202).</summary>
public sealed class GegluFeedForward : Module<Tensor, Tensor>
{
    public readonly Sequential net;

    public GegluFeedForward(int channels)
        : base(nameof(GegluFeedForward))
    {
        // The published keys count a dropout at place 1, which is 0 in every published model.
        net = Sequential(("0", new Geglu(channels, 4 * channels)), ("2", new Layers.Linear(4 * channels, channels)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_NMC) => net.call(tokens_NMC);

    /// <summary>value · gelu(gate), one projection giving the value (first half) and the gate (second half); exact GELU.</summary>
    private sealed class Geglu : Module<Tensor, Tensor>
    {
        public readonly Layers.Linear proj;

        public Geglu(int channels, int inner)
            : base(nameof(Geglu))
        {
            proj = new(channels, 2 * inner);
            RegisterComponents();
        }

        public override Tensor forward(Tensor tokens_NMC)
        {
            using var scope = NewDisposeScope();
            Tensor[] halves = proj.call(tokens_NMC).chunk(2, -1);
            return halves[0].mul(functional.gelu(halves[1])).MoveToOuterDisposeScope();
        }
    }
}
