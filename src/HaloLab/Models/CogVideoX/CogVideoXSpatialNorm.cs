using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>The decoder's norm: a group norm that the latents, brought to its size by their nearest neighbours, scale and shift place by place.</summary>
internal sealed class CogVideoXSpatialNorm : Module<Tensor, Tensor?, Tensor>
{
    public readonly CogVideoXGroupNorm norm_layer;
    public readonly CogVideoXCausalConv3d conv_y;
    public readonly CogVideoXCausalConv3d conv_b;

    public CogVideoXSpatialNorm(int channels, CogVideoXVaeConfig config)
        : base(nameof(CogVideoXSpatialNorm))
    {
        norm_layer = new CogVideoXGroupNorm(channels, config);
        conv_y = new CogVideoXCausalConv3d(config.LatentChannels, channels, kernel: 1);
        conv_b = new CogVideoXCausalConv3d(config.LatentChannels, channels, kernel: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor? latents_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor resized_BCTHW = Resized(latents_BCTHW!, frames_BCTHW.shape[2..]);
        Tensor scaled_BCTHW = norm_layer.call(frames_BCTHW, null) * conv_y.conv.call(resized_BCTHW);
        return (scaled_BCTHW + conv_b.conv.call(resized_BCTHW)).MoveToOuterDisposeScope();
    }

    /// <summary>Where frames are odd, the first latent frame belongs to the first of them alone.</summary>
    private static Tensor Resized(Tensor latents_BCTHW, long[] size)
    {
        if (size[0] == 1 || size[0] % 2 == 0)
        {
            return Nearest(latents_BCTHW, size);
        }

        Tensor first_BCTHW = Nearest(latents_BCTHW.narrow(2, 0, 1), [1, size[1], size[2]]);
        Tensor rest_BCTHW = Nearest(latents_BCTHW.narrow(2, 1, latents_BCTHW.shape[2] - 1), [size[0] - 1, size[1], size[2]]);
        return cat([first_BCTHW, rest_BCTHW], 2);
    }

    private static Tensor Nearest(Tensor latents_BCTHW, long[] size) => functional.interpolate(latents_BCTHW, size: size, mode: InterpolationMode.Nearest);
}
