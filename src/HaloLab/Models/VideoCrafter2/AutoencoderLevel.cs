using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>One level of encoder or decoder: residual blocks, then perhaps a change of resolution.</summary>
public sealed class AutoencoderLevel : Module<Tensor, Tensor>
{
    public readonly ModuleList<AutoencoderResBlock> block;
    public readonly AutoencoderDownsample? downsample;
    public readonly Upsample? upsample;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="blocks">Residual blocks.</param>
    /// <param name="normGroups">Groups of the group norms.</param>
    /// <param name="halves">Halve height and width at the end.</param>
    /// <param name="doubles">Double them at the end.</param>
    public AutoencoderLevel(int inChannels, int outChannels, int blocks, int normGroups, bool halves = false, bool doubles = false)
        : base(nameof(AutoencoderLevel))
    {
        block = ModuleList(Enumerable.Range(0, blocks).Select(i => new AutoencoderResBlock(i == 0 ? inChannels : outChannels, outChannels, normGroups)).ToArray());
        downsample = halves ? new(outChannels) : null;
        upsample = doubles ? new(outChannels) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NCHW = frames_NCHW;
        foreach (AutoencoderResBlock part in block)
        {
            hidden_NCHW = part.call(hidden_NCHW);
        }

        hidden_NCHW = downsample?.call(hidden_NCHW) ?? hidden_NCHW;
        hidden_NCHW = upsample?.call(hidden_NCHW) ?? hidden_NCHW;
        return hidden_NCHW.MoveToOuterDisposeScope();
    }
}
