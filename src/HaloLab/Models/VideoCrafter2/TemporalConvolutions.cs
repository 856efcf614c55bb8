using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Four times group norm (statistics over T, H, W), SiLU and a convolution over three frames; the sum is added to the input.</summary>
public sealed class TemporalConvolutions : Module<Tensor, Tensor>
{
    public readonly Sequential conv1;
    public readonly Sequential conv2;
    public readonly Sequential conv3;
    public readonly Sequential conv4;

    public TemporalConvolutions(int channels, UNet3DOptions options)
        : base(nameof(TemporalConvolutions))
    {
        ArgumentNullException.ThrowIfNull(options);
        conv1 = Sequential(("0", new GroupNorm32(options.NormGroups, channels)), ("1", SiLU()), ("2", Convolution(channels, startsAtZero: false)));
        conv2 = WithDropout(channels, options, startsAtZero: false);
        conv3 = WithDropout(channels, options, startsAtZero: false);
        conv4 = WithDropout(channels, options, startsAtZero: true);
        RegisterComponents();
    }

    public override Tensor forward(Tensor clips_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor change = conv4.call(conv3.call(conv2.call(conv1.call(clips_BCTHW))));
        return clips_BCTHW.add(change).MoveToOuterDisposeScope();
    }

    private static Sequential WithDropout(int channels, UNet3DOptions options, bool startsAtZero) =>
        Sequential(
            ("0", new GroupNorm32(options.NormGroups, channels)), ("1", SiLU()), ("2", Dropout(options.TemporalDropout)), ("3", Convolution(channels, startsAtZero)));

    private static Layers.Conv3d Convolution(int channels, bool startsAtZero) =>
        new(channels, channels, [3, 1, 1], padding: [1, 0, 0]) { StartsAtZero = startsAtZero };
}
