using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;

namespace HaloLab.Models.CogVideoX;

/// <summary>Every pixel four times, every frame twice where it expands time (of an odd number not the first), and a convolution frame by frame.</summary>
internal sealed class CogVideoXUpsampler : Module<Tensor, Tensor>
{
    public readonly Conv2d conv;
    private readonly bool _expandsTime;

    public CogVideoXUpsampler(int channels, bool expandsTime)
        : base(nameof(CogVideoXUpsampler))
    {
        _expandsTime = expandsTime;
        conv = new Conv2d(channels, channels, [3, 3], padding: [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor more_BCTHW = _expandsTime ? TwiceTheFrames(frames_BCTHW) : frames_BCTHW;
        Tensor larger_BCTHW = more_BCTHW.repeat_interleave(2, 3).repeat_interleave(2, 4);
        return FrameFolding.ClipsOf(conv.call(FrameFolding.FramesOf(larger_BCTHW)), frames_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    private static Tensor TwiceTheFrames(Tensor frames_BCTHW)
    {
        long alone = frames_BCTHW.shape[2] % 2;
        Tensor rest_BCTHW = frames_BCTHW.narrow(2, alone, frames_BCTHW.shape[2] - alone);
        return cat([frames_BCTHW.narrow(2, 0, alone), rest_BCTHW.repeat_interleave(2, 2)], 2);
    }
}
