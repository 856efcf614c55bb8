using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Rewards;

/// <summary>
/// Residual block: a convolution in space, then one in time (half the cost of 3×3×3 at the same reach), with the prompt scaling and shifting
/// the channels in between (FiLM, Perez et al. 2018, arXiv 1709.07871).
/// </summary>
internal sealed class EncoderBlock : Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm _norm1;
    private readonly Conv3d _space;
    private readonly GroupNorm _norm2;
    private readonly Linear _prompt;
    private readonly Conv3d _time;

    public EncoderBlock(int channels, int promptChannels)
        : base(nameof(EncoderBlock))
    {
        _norm1 = GroupNorm(8, channels);
        _space = new(channels, channels, [1, 3, 3], padding: [0, 1, 1]);
        _norm2 = GroupNorm(8, channels);
        _prompt = new(promptChannels, 2 * channels);
        _time = new(channels, channels, [3, 1, 1], padding: [1, 0, 0]) { StartsAtZero = true };
        register_module("norm1", _norm1);
        register_module("space", _space);
        register_module("norm2", _norm2);
        register_module("prompt", _prompt);
        register_module("time", _time);
    }

    public override Tensor forward(Tensor features_BCthw, Tensor prompt_BE)
    {
        using var scope = NewDisposeScope();
        Tensor[] scaleAndShift = _prompt.call(prompt_BE).unsqueeze(2).unsqueeze(3).unsqueeze(4).chunk(2, 1);
        Tensor hidden_BCthw = _space.call(functional.silu(_norm1.call(features_BCthw)));
        hidden_BCthw = (_norm2.call(hidden_BCthw) * (scaleAndShift[0] + 1)) + scaleAndShift[1];
        return features_BCthw.add(_time.call(functional.silu(hidden_BCthw))).MoveToOuterDisposeScope();
    }
}
