using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;

namespace HaloLab.Evaluation;

/// <summary>
/// Every frame by itself, beside its difference from the frame before it, to tokens of 8×8 pixels: convolutions that halve the picture three
/// times, with one residual block.
/// </summary>
internal sealed class FrameEncoder : Module<Tensor, Tensor>
{
    public const int Stride = 8;

    private readonly Conv2d _stem;
    private readonly GroupNorm _norm1;
    private readonly Conv2d _down;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _mix1;
    private readonly GroupNorm _norm3;
    private readonly Conv2d _mix2;
    private readonly Conv2d _out;

    public FrameEncoder(int channels, int tokenChannels)
        : base(nameof(FrameEncoder))
    {
        _stem = new(6, channels / 2, [3, 3], [2, 2], [1, 1]);
        _norm1 = GroupNorm(4, channels / 2);
        _down = new(channels / 2, channels, [3, 3], [2, 2], [1, 1]);
        _norm2 = GroupNorm(8, channels);
        _mix1 = new(channels, channels, [3, 3], padding: [1, 1]);
        _norm3 = GroupNorm(8, channels);
        _mix2 = new(channels, channels, [3, 3], padding: [1, 1]) { StartsAtZero = true };
        _out = new(channels, tokenChannels, [2, 2], [2, 2]);
        register_module("stem", _stem);
        register_module("norm1", _norm1);
        register_module("down", _down);
        register_module("norm2", _norm2);
        register_module("mix1", _mix1);
        register_module("norm3", _norm3);
        register_module("mix2", _mix2);
        register_module("out", _out);
    }

    /// <param name="frames_BCTHW">RGB frames in [−1, 1].</param>
    /// <returns>[B, T · H/8 · W/8, tokenChannels].</returns>
    public override Tensor forward(Tensor frames_BCTHW)
    {
        using var scope = NewDisposeScope();
        long batch = frames_BCTHW.shape[0];
        Tensor frames_BTCHW = frames_BCTHW.transpose(1, 2);
        Tensor before_BTCHW = cat([frames_BTCHW.narrow(1, 0, 1), frames_BTCHW.narrow(1, 0, frames_BTCHW.shape[1] - 1)], 1);
        Tensor inputs_NCHW = cat([frames_BTCHW, frames_BTCHW - before_BTCHW], 2).flatten(0, 1);
        Tensor hidden_NCHW = functional.silu(_norm1.call(_stem.call(inputs_NCHW)));
        hidden_NCHW = _down.call(hidden_NCHW);
        Tensor change_NCHW = _mix1.call(functional.silu(_norm2.call(hidden_NCHW)));
        hidden_NCHW += _mix2.call(functional.silu(_norm3.call(change_NCHW)));
        return _out.call(hidden_NCHW).flatten(2).transpose(1, 2).reshape(batch, -1, _out.weight.shape[0]).MoveToOuterDisposeScope();
    }
}
