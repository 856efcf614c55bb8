using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>The blocks of a tower of CLIP.</summary>
public sealed class ClipTransformer : Module<Tensor, Tensor>
{
    public readonly ModuleList<ClipBlock> resblocks;

    public ClipTransformer(int layers, int width, int heads, bool isCausal, bool quickGelu)
        : base(nameof(ClipTransformer))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        resblocks = ModuleList(Enumerable.Range(0, layers).Select(_ => new ClipBlock(width, heads, isCausal, quickGelu)).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLC = tokens_BLC;
        foreach (ClipBlock block in resblocks)
        {
            hidden_BLC = block.call(hidden_BLC);
        }

        return hidden_BLC.MoveToOuterDisposeScope();
    }
}
