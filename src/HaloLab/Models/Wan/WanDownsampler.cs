using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;

namespace HaloLab.Models.Wan;

/// <summary>Halves height and width, then perhaps the frame rate: the first frame of a video stays, of the others each pair becomes one.</summary>
public sealed class WanDownsampler : Module<Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<Module<Tensor, Tensor>> resample;
    public readonly WanCausalConv3d? time_conv;

    public WanDownsampler(long channels, bool halvesTime)
        : base(nameof(WanDownsampler))
    {
        resample = new ModuleList<Module<Tensor, Tensor>>(ZeroPad2d((0, 1, 0, 1)), new Conv2d(channels, channels, [3, 3], stride: [2, 2]));
        time_conv = halvesTime ? new WanCausalConv3d(channels, channels, [3, 1, 1], timeStride: 2) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor pictures_NCHW = FrameFolding.FramesOf(frames_BCTHW);
        Tensor smaller_BCTHW = FrameFolding.ClipsOf(resample[1].call(resample[0].call(pictures_NCHW)), frames_BCTHW.shape[0]);
        if (time_conv is null)
        {
            return smaller_BCTHW.MoveToOuterDisposeScope();
        }

        // Outputs reach from the last frame before to the pair: one frame of the past, though the kernel has three.
        Tensor? before_BCTHW = cache.Of(time_conv);
        Tensor extended_BCTHW = before_BCTHW is null ? smaller_BCTHW : cat([before_BCTHW, smaller_BCTHW], 2);
        cache.Keep(time_conv, smaller_BCTHW, 1);
        List<Tensor> parts = before_BCTHW is null ? [smaller_BCTHW.narrow(2, 0, 1)] : [];
        if (extended_BCTHW.shape[2] > 1)
        {
            parts.Add(time_conv.call(extended_BCTHW));
        }

        return cat([.. parts], 2).MoveToOuterDisposeScope();
    }
}
