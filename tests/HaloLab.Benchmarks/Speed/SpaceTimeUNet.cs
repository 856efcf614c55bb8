using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>The U-Net of the case <c>unet3d</c>: two levels, attention at both.</summary>
internal sealed class SpaceTimeUNet : Module<Tensor, Tensor, Tensor, Tensor>
{
    public readonly Linear time1;
    public readonly Linear time2;
    public readonly Conv2d conv_in;
    public readonly SpaceTimeResBlock down1;
    public readonly SpaceTimeTransformer tr1;
    public readonly Conv2d pool;
    public readonly SpaceTimeResBlock down2;
    public readonly SpaceTimeTransformer tr2;
    public readonly SpaceTimeResBlock mid;
    public readonly SpaceTimeResBlock up2;
    public readonly Conv2d upconv;
    public readonly SpaceTimeResBlock up1;
    public readonly SpaceTimeTransformer tr3;
    public readonly GroupNorm32 norm_out;
    public readonly Conv2d conv_out;
    private readonly int _width;

    public SpaceTimeUNet(SpaceTimeUNetOptions options)
        : base(nameof(SpaceTimeUNet))
    {
        (int width, int wide, int embedding) = (options.Width, 2 * options.Width, 4 * options.Width);
        _width = width;
        time1 = new Linear(width, embedding);
        time2 = new Linear(embedding, embedding);
        conv_in = Conv(options.Channels, width);
        down1 = new SpaceTimeResBlock(width, width, embedding, options.Groups);
        tr1 = new SpaceTimeTransformer(width, options);
        pool = new Conv2d(width, width, [3, 3], stride: [2, 2], padding: [1, 1]);
        down2 = new SpaceTimeResBlock(width, wide, embedding, options.Groups);
        tr2 = new SpaceTimeTransformer(wide, options);
        mid = new SpaceTimeResBlock(wide, wide, embedding, options.Groups);
        up2 = new SpaceTimeResBlock(2 * wide, wide, embedding, options.Groups);
        upconv = Conv(wide, width);
        up1 = new SpaceTimeResBlock(2 * width, width, embedding, options.Groups);
        tr3 = new SpaceTimeTransformer(width, options);
        norm_out = new GroupNorm32(options.Groups, width);
        conv_out = Conv(width, options.Channels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor time_BE = time2.call(functional.silu(time1.call(TimestepSinusoid.Of(timesteps_B, _width))));
        Tensor fine_NCHW = conv_in.call(FrameFolding.FramesOf(latents_BCTHW));
        fine_NCHW = tr1.call(down1.call(fine_NCHW, time_BE), context_BLD);
        Tensor coarse_NCHW = tr2.call(down2.call(pool.call(fine_NCHW), time_BE), context_BLD);
        Tensor hidden_NCHW = mid.call(coarse_NCHW, time_BE);
        hidden_NCHW = up2.call(cat([hidden_NCHW, coarse_NCHW], 1), time_BE);
        hidden_NCHW = upconv.call(hidden_NCHW.repeat_interleave(2, 2).repeat_interleave(2, 3));
        hidden_NCHW = tr3.call(up1.call(cat([hidden_NCHW, fine_NCHW], 1), time_BE), context_BLD);
        hidden_NCHW = conv_out.call(functional.silu(norm_out.call(hidden_NCHW)));
        return FrameFolding.ClipsOf(hidden_NCHW, latents_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    private static Conv2d Conv(int inChannels, int outChannels) => new(inChannels, outChannels, [3, 3], padding: [1, 1]);
}
