using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>A convolution over [B, C, T, H, W] that sees no later frame: zeros, or the frames before, stand to the left in time; zeros around the picture.</summary>
public sealed class WanCausalConv3d : AdaptableLayer
{
    private readonly long[] _kernel;
    private readonly long[] _stride;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="kernel">Odd sizes in time, height, width; the picture keeps its size.</param>
    /// <param name="timeStride">Frames from one output to the next.</param>
    public WanCausalConv3d(long inChannels, long outChannels, long[] kernel, long timeStride = 1)
        : base(nameof(WanCausalConv3d), [outChannels, inChannels, .. kernel], hasBias: true)
    {
        _kernel = kernel;
        _stride = [timeStride, 1, 1];
    }

    /// <summary>Frames of the past that an output needs.</summary>
    internal long Past => _kernel[0] - 1;

    /// <summary>The convolution of the next frames of a video.</summary>
    internal Tensor Next(Tensor frames_BCTHW, FrameCache cache)
    {
        if (Past == 0)
        {
            return call(frames_BCTHW);
        }

        using var scope = NewDisposeScope();
        long[] shape = frames_BCTHW.shape;
        Tensor before_BCTHW = cache.Of(this) ?? zeros([shape[0], shape[1], Past, shape[3], shape[4]], dtype: frames_BCTHW.dtype, device: frames_BCTHW.device);
        Tensor extended_BCTHW = cat([before_BCTHW, frames_BCTHW], 2);
        cache.Keep(this, extended_BCTHW, Past);
        return call(extended_BCTHW).MoveToOuterDisposeScope();
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) =>
        Convolution.Run(input, weight, bias, (input, weight, bias) => functional.conv3d(input, weight, bias, strides: _stride, padding: [0, _kernel[1] / 2, _kernel[2] / 2]));

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) =>
        Convolution.Run(input, weight, null, (input, weight, _) => functional.conv3d(input, weight));
}
