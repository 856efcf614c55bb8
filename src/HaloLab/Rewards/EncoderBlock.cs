using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;

namespace HaloLab.Rewards;

/// <summary>
/// Attention to the prompt, then a residual convolution in space and one in time (half the cost of 3×3×3 at the same reach). A prompt that only scaled and
/// shifted the channels, the same at every place, told a place hardly what belongs there (docs/toy-world.md).
/// </summary>
internal sealed class EncoderBlock : Module<Tensor, Tensor, Tensor>
{
    private readonly PromptAttention _prompt;
    private readonly GroupNorm _norm1;
    private readonly Conv3d _space;
    private readonly GroupNorm _norm2;
    private readonly Conv3d _time;

    public EncoderBlock(int channels, int promptChannels)
        : base(nameof(EncoderBlock))
    {
        _prompt = new(channels, promptChannels);
        _norm1 = GroupNorm(8, channels);
        _space = new(channels, channels, [1, 3, 3], padding: [0, 1, 1]);
        _norm2 = GroupNorm(8, channels);
        _time = new(channels, channels, [3, 1, 1], padding: [1, 0, 0]) { StartsAtZero = true };
        register_module("prompt", _prompt);
        register_module("norm1", _norm1);
        register_module("space", _space);
        register_module("norm2", _norm2);
        register_module("time", _time);
    }

    public override Tensor forward(Tensor features_BCthw, Tensor prompt_BLE)
    {
        using var scope = NewDisposeScope();
        Tensor told_BCthw = _prompt.call(features_BCthw, prompt_BLE);
        Tensor hidden_BCthw = _space.call(functional.silu(_norm1.call(told_BCthw)));
        return told_BCthw.add(_time.call(functional.silu(_norm2.call(hidden_BCthw)))).MoveToOuterDisposeScope();
    }
}
