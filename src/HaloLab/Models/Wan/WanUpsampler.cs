using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;

namespace HaloLab.Models.Wan;

/// <summary>Perhaps doubles the frame rate, where the first frame of a video stays one, then doubles height and width and halves the channels.</summary>
public sealed class WanUpsampler : Module<Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<Module<Tensor, Tensor>> resample;
    public readonly WanCausalConv3d? time_conv;

    public WanUpsampler(long channels, bool doublesTime)
        : base(nameof(WanUpsampler))
    {
        resample = new ModuleList<Module<Tensor, Tensor>>(Upsample(scale_factor: [2, 2], mode: UpsampleMode.Nearest), new Conv2d(channels, channels / 2, [3, 3], padding: [1, 1]));
        time_conv = doublesTime ? new WanCausalConv3d(channels, 2 * channels, [3, 1, 1]) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor faster_BCTHW = time_conv is null ? frames_BCTHW : InTime(time_conv, frames_BCTHW, cache);
        Tensor pictures_NCHW = FrameFolding.FramesOf(faster_BCTHW);
        return FrameFolding.ClipsOf(resample[1].call(resample[0].call(pictures_NCHW)), faster_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    private Tensor InTime(WanCausalConv3d convolution, Tensor frames_BCTHW, FrameCache cache)
    {
        // The first frame of a video is neither doubled nor seen by the convolution; what is kept for this module says only that it has passed.
        List<Tensor> parts = [];
        Tensor rest_BCTHW = frames_BCTHW;
        if (cache.Of(this) is null)
        {
            cache.Keep(this, frames_BCTHW, 0);
            parts.Add(frames_BCTHW.narrow(2, 0, 1));
            rest_BCTHW = frames_BCTHW.narrow(2, 1, frames_BCTHW.shape[2] - 1);
        }

        if (rest_BCTHW.shape[2] > 0)
        {
            // Twice the channels: the first half is the first frame of each pair.
            Tensor pairs_B2CTHW = convolution.Next(rest_BCTHW, cache).unflatten(1, 2, frames_BCTHW.shape[1]);
            parts.Add(pairs_B2CTHW.permute(0, 2, 3, 1, 4, 5).flatten(2, 3));
        }

        return cat([.. parts], 2);
    }
}
