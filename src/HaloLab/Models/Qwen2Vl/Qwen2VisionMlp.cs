using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Two linear layers with CLIP's quick GELU between them.</summary>
public sealed class Qwen2VisionMlp : Module<Tensor, Tensor>
{
    public readonly Linear fc1;
    public readonly Linear fc2;

    private readonly QuickGelu _activation = new();

    public Qwen2VisionMlp(int width, int hidden)
        : base(nameof(Qwen2VisionMlp))
    {
        fc1 = new(width, hidden);
        fc2 = new(hidden, width);
        register_module(nameof(fc1), fc1);
        register_module(nameof(fc2), fc2);
    }

    public override Tensor forward(Tensor states_NC)
    {
        using var scope = NewDisposeScope();
        return fc2.call(_activation.call(fc1.call(states_NC))).MoveToOuterDisposeScope();
    }
}
