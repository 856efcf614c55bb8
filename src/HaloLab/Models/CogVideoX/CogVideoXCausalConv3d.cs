using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;

namespace HaloLab.Models.CogVideoX;

/// <summary>
/// A convolution over [B, C, T, H, W] that sees no later frame: the frames before, and at the beginning of a video its first frame again, stand to the
/// left in time; zeros around the picture.
/// </summary>
internal sealed class CogVideoXCausalConv3d : Module<Tensor, FrameCache, Tensor>
{
    public readonly Conv3d conv;
    private readonly int _past;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="kernel">Odd size in time, height and width.</param>
    public CogVideoXCausalConv3d(int inChannels, int outChannels, int kernel)
        : base(nameof(CogVideoXCausalConv3d))
    {
        _past = kernel - 1;
        conv = new Conv3d(inChannels, outChannels, [kernel, kernel, kernel], padding: [0, kernel / 2, kernel / 2]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        if (_past == 0)
        {
            return conv.call(frames_BCTHW);
        }

        using var scope = NewDisposeScope();
        Tensor before_BCTHW = cache.Of(this) ?? frames_BCTHW.narrow(2, 0, 1).expand(-1, -1, _past, -1, -1);
        Tensor extended_BCTHW = cat([before_BCTHW, frames_BCTHW], 2);
        cache.Keep(this, extended_BCTHW, _past);
        return conv.call(extended_BCTHW).MoveToOuterDisposeScope();
    }
}
