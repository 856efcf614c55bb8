using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>Attention over the places of each frame by itself, one head, added to the input.</summary>
public sealed class WanVaeAttention : Module<Tensor, Tensor>
{
    public readonly WanChannelNorm norm;
    public readonly Conv2d to_qkv;
    public readonly Conv2d proj;

    public WanVaeAttention(long channels)
        : base(nameof(WanVaeAttention))
    {
        norm = new WanChannelNorm(channels, placeDimensions: 2);
        to_qkv = new Conv2d(channels, 3 * channels, [1, 1]);
        proj = new Conv2d(channels, channels, [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor pictures_NCHW = FrameFolding.FramesOf(frames_BCTHW);
        Tensor[] parts_N1LC = to_qkv.call(norm.call(pictures_NCHW)).flatten(2).transpose(1, 2).unsqueeze(1).chunk(3, -1);
        Tensor attended_N1LC = functional.scaled_dot_product_attention(parts_N1LC[0], parts_N1LC[1], parts_N1LC[2]);
        Tensor mixed_NCHW = pictures_NCHW + proj.call(attended_N1LC.squeeze(1).transpose(1, 2).reshape(pictures_NCHW.shape));
        return FrameFolding.ClipsOf(mixed_NCHW, frames_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }
}
