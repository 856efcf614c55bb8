using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>The blocks of a tower of CLIP.</summary>
public sealed class ClipTransformer : Module<Tensor, Tensor>
{
    public readonly ModuleList<ClipBlock> resblocks;

    private readonly int _used;

    /// <param name="layers">Number of blocks.</param>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="isCausal">As for <see cref="ClipAttention"/>.</param>
    /// <param name="quickGelu">As for <see cref="ClipBlock"/>.</param>
    /// <param name="skippedLayers">Blocks at the end that are left out.</param>
    public ClipTransformer(int layers, int width, int heads, bool isCausal, bool quickGelu, int skippedLayers = 0)
        : base(nameof(ClipTransformer))
    {
        _used = layers - skippedLayers;
        ArgumentOutOfRangeException.ThrowIfNegative(_used);
        resblocks = ModuleList(Enumerable.Range(0, layers).Select(_ => new ClipBlock(width, heads, isCausal, quickGelu)).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLC = tokens_BLC;
        for (int i = 0; i < _used; i++)
        {
            hidden_BLC = resblocks[i].call(hidden_BLC);
        }

        // The scope owns what was made in it, never the caller's tensor.
        return _used == 0 ? hidden_BLC.alias() : hidden_BLC.MoveToOuterDisposeScope();
    }
}
