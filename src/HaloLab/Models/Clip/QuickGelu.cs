using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>x · sigmoid(1.702 x), with which OpenAI trained CLIP in place of GELU.</summary>
public sealed class QuickGelu() : Module<Tensor, Tensor>(nameof(QuickGelu))
{
    private const double Slope = 1.702;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return input.mul((input * Slope).sigmoid()).MoveToOuterDisposeScope();
    }
}
