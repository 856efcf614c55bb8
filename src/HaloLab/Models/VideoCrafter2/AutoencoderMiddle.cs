using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Lowest level of encoder and decoder: residual block, attention, residual block.</summary>
public sealed class AutoencoderMiddle : Module<Tensor, Tensor>
{
    public readonly AutoencoderResBlock block_1;
    public readonly AutoencoderAttention attn_1;
    public readonly AutoencoderResBlock block_2;

    public AutoencoderMiddle(int channels, int normGroups)
        : base(nameof(AutoencoderMiddle))
    {
        block_1 = new(channels, channels, normGroups);
        attn_1 = new(channels, normGroups);
        block_2 = new(channels, channels, normGroups);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using var scope = NewDisposeScope();
        return block_2.call(attn_1.call(block_1.call(frames_NCHW))).MoveToOuterDisposeScope();
    }
}
