using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>The code after <c>post_quant_conv</c> to frames.</summary>
public sealed class AutoencoderDecoder : Module<Tensor, Tensor>
{
    public readonly Layers.Conv2d conv_in;
    public readonly AutoencoderMiddle mid;

    /// <summary>Numbered by resolution, 0 the highest: the order of execution is from the last to the first.</summary>
    public readonly ModuleList<AutoencoderLevel> up;

    public readonly GroupNorm norm_out;
    public readonly Layers.Conv2d conv_out;

    public AutoencoderDecoder(AutoencoderKLOptions options)
        : base(nameof(AutoencoderDecoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        int[] channels = [.. options.ChannelMultipliers.Select(multiplier => options.Channels * multiplier), options.Channels * options.ChannelMultipliers[^1]];
        conv_in = new(options.CodeChannels, channels[^1], [3, 3], padding: [1, 1]);
        mid = new(channels[^1], options.NormGroups);
        up = ModuleList(Enumerable.Range(0, channels.Length - 1)
            .Select(i => new AutoencoderLevel(channels[i + 1], channels[i], options.ResBlocks + 1, options.NormGroups, doubles: i > 0)).ToArray());
        norm_out = GroupNorm(options.NormGroups, channels[0], 1e-6);
        conv_out = new(channels[0], options.OutChannels, [3, 3], padding: [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor code_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NCHW = mid.call(conv_in.call(code_NCHW));
        for (int i = up.Count - 1; i >= 0; i--)
        {
            hidden_NCHW = up[i].call(hidden_NCHW);
        }

        return conv_out.call(functional.silu(norm_out.call(hidden_NCHW))).MoveToOuterDisposeScope();
    }
}
