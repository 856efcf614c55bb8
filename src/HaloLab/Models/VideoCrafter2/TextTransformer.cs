using HaloLab.Models.Clip;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>The blocks of the text tower.</summary>
public sealed class TextTransformer : Module<Tensor, Tensor>
{
    public readonly ModuleList<ClipBlock> resblocks;

    private readonly int _used;

    public TextTransformer(TextTowerOptions options)
        : base(nameof(TextTransformer))
    {
        ArgumentNullException.ThrowIfNull(options);
        _used = options.Layers - options.SkippedLayers;
        ArgumentOutOfRangeException.ThrowIfNegative(_used);
        resblocks = ModuleList(Enumerable.Range(0, options.Layers).Select(_ => new ClipBlock(options.Width, options.Heads, isCausal: true)).ToArray());
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
