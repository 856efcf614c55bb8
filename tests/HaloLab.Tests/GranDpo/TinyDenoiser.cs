using HaloLab.Diffusion;
using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>A denoiser of two convolutions and two linear layers.</summary>
internal sealed class TinyDenoiser : nn.Module, IDenoiser
{
    private readonly Conv3d _input = new(3, 8, [3, 3, 3], null, [1, 1, 1]);
    private readonly Conv3d _output = new(8, 3, [3, 3, 3], null, [1, 1, 1]);
    private readonly Linear _context = new(4, 8);
    private readonly Attention _attention = new();

    public TinyDenoiser()
        : base(nameof(TinyDenoiser))
    {
        register_module("input", _input);
        register_module("output", _output);
        register_module("context", _context);
        register_module("attn", _attention);
        Initialisation.Draw(this, runSeed: 1);
    }

    public Tensor Predict(Tensor noisy_BCTHW, Tensor timestep_B, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor condition_B8 = _context.forward(context_BLD).mean([1]) + (timestep_B.view(-1, 1) / 1000);
        Tensor hidden_B8THW = tanh(_input.forward(noisy_BCTHW) + condition_B8.view([-1, 8, 1, 1, 1]));
        Tensor mixed_BTHW8 = _attention.Query.forward(hidden_B8THW.movedim([1], [-1]));
        return _output.forward(hidden_B8THW + mixed_BTHW8.movedim([-1], [1])).MoveToOuterDisposeScope();
    }

    private sealed class Attention : nn.Module
    {
        public Attention()
            : base(nameof(Attention)) => register_module("to_q", Query);

        public Linear Query { get; } = new(8, 8);
    }
}
