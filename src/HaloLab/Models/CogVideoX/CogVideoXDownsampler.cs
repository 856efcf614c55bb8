using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;

namespace HaloLab.Models.CogVideoX;

/// <summary>Half the frame rate by the mean of two frames, where it compresses time, and half the size by a convolution frame by frame.</summary>
internal sealed class CogVideoXDownsampler : Module<Tensor, Tensor>
{
    public readonly Conv2d conv;
    private readonly bool _compressesTime;

    public CogVideoXDownsampler(int channels, bool compressesTime)
        : base(nameof(CogVideoXDownsampler))
    {
        _compressesTime = compressesTime;
        conv = new Conv2d(channels, channels, [3, 3], stride: [2, 2]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor fewer_BCTHW = _compressesTime ? HalfTheFrames(frames_BCTHW) : frames_BCTHW;

        // Zeros to the right and below only.
        Tensor padded_NCHW = functional.pad(FrameFolding.FramesOf(fewer_BCTHW), [0, 1, 0, 1]);
        return FrameFolding.ClipsOf(conv.call(padded_NCHW), frames_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of two frames; of an odd number the first stays alone.</summary>
    private static Tensor HalfTheFrames(Tensor frames_BCTHW)
    {
        long alone = frames_BCTHW.shape[2] % 2;
        Tensor first_BCTHW = frames_BCTHW.narrow(2, 0, alone);
        Tensor pairs_BCTHW = frames_BCTHW.narrow(2, alone, frames_BCTHW.shape[2] - alone);
        return pairs_BCTHW.shape[2] == 0 ? first_BCTHW : cat([first_BCTHW, pairs_BCTHW.unflatten(2, pairs_BCTHW.shape[2] / 2, 2).mean([3])], 2);
    }
}
