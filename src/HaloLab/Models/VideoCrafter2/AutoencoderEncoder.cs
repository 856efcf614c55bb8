using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Frames to twice the code's channels: means and log-variances before <c>quant_conv</c>.</summary>
public sealed class AutoencoderEncoder : Module<Tensor, Tensor>
{
    public readonly Layers.Conv2d conv_in;
    public readonly ModuleList<AutoencoderLevel> down;
    public readonly AutoencoderMiddle mid;
    public readonly GroupNorm norm_out;
    public readonly Layers.Conv2d conv_out;

    public AutoencoderEncoder(AutoencoderKLOptions options)
        : base(nameof(AutoencoderEncoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        int[] channels = [options.Channels, .. options.ChannelMultipliers.Select(multiplier => options.Channels * multiplier)];
        conv_in = new(options.InChannels, channels[0], [3, 3], padding: [1, 1]);
        down = ModuleList(Enumerable.Range(0, channels.Length - 1)
            .Select(i => new AutoencoderLevel(channels[i], channels[i + 1], options.ResBlocks, options.NormGroups, halves: i < channels.Length - 2)).ToArray());
        mid = new(channels[^1], options.NormGroups);
        norm_out = GroupNorm(options.NormGroups, channels[^1], 1e-6);
        conv_out = new(channels[^1], 2 * options.CodeChannels, [3, 3], padding: [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NCHW = conv_in.call(pixels_NCHW);
        foreach (AutoencoderLevel level in down)
        {
            hidden_NCHW = level.call(hidden_NCHW);
        }

        hidden_NCHW = norm_out.call(mid.call(hidden_NCHW));
        return conv_out.call(functional.silu(hidden_NCHW)).MoveToOuterDisposeScope();
    }
}
