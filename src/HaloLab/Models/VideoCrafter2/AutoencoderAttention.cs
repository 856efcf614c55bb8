using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Self-attention of one head over the places of a frame, by 1×1 convolutions; added to the input.</summary>
public sealed class AutoencoderAttention : Module<Tensor, Tensor>
{
    public readonly GroupNorm norm;
    public readonly Layers.Conv2d q;
    public readonly Layers.Conv2d k;
    public readonly Layers.Conv2d v;
    public readonly Layers.Conv2d proj_out;

    public AutoencoderAttention(int channels, int normGroups)
        : base(nameof(AutoencoderAttention))
    {
        norm = GroupNorm(normGroups, channels, 1e-6);
        q = new(channels, channels, [1, 1]);
        k = new(channels, channels, [1, 1]);
        v = new(channels, channels, [1, 1]);
        proj_out = new(channels, channels, [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor normed = norm.call(frames_NCHW);
        Tensor attended_NHLC = functional.scaled_dot_product_attention(Tokens(q.call(normed)), Tokens(k.call(normed)), Tokens(v.call(normed)));
        Tensor attended_NCHW = attended_NHLC.squeeze(1).transpose(1, 2).reshape(frames_NCHW.shape);
        return proj_out.call(attended_NCHW).add(frames_NCHW).MoveToOuterDisposeScope();
    }

    private static Tensor Tokens(Tensor frames_NCHW) => frames_NCHW.flatten(2).transpose(1, 2).contiguous().unsqueeze(1);
}
