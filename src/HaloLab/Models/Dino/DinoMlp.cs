using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Dino;

/// <summary>Two linear layers with exact GELU between them, four times as wide inside.</summary>
public sealed class DinoMlp : Module<Tensor, Tensor>
{
    public readonly Linear fc1;
    public readonly Linear fc2;

    public DinoMlp(int width)
        : base(nameof(DinoMlp))
    {
        fc1 = new(width, 4 * width);
        fc2 = new(4 * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        return fc2.call(functional.gelu(fc1.call(tokens_BLC))).MoveToOuterDisposeScope();
    }
}
