using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Adapters;

/// <summary>The module of the reference list without names: time embedding, convolutions in space and time, a linear map over channels.</summary>
internal sealed class PositionalModel : nn.Module<Tensor, Tensor, Tensor>
{
    public readonly TorchSharp.Modules.Sequential time_embed;
    public readonly Conv2d conv_in;
    public readonly PositionalBlock block;
    public readonly Conv2d @out;

    public PositionalModel(IReadOnlyDictionary<string, Tensor> parameters)
        : base(nameof(PositionalModel))
    {
        Linear LinearOf(string layer) => new(parameters[$"{layer}.weight"].shape[1], parameters[$"{layer}.weight"].shape[0], parameters.ContainsKey($"{layer}.bias"));
        Conv2d ConvOf(string layer) => new(parameters[$"{layer}.weight"].shape[1], parameters[$"{layer}.weight"].shape[0], [3, 3], padding: [1, 1]);
        time_embed = nn.Sequential(("0", LinearOf("time_embed.0")), ("1", nn.SiLU()), ("2", LinearOf("time_embed.2")));
        conv_in = ConvOf("conv_in");
        long channels = parameters["block.temporal.weight"].shape[0];
        block = new PositionalBlock(ConvOf("block.spatial"), new Conv3d(channels, channels, [3, 1, 1], padding: [1, 0, 0]), LinearOf("block.to_q"));
        @out = ConvOf("out");
        RegisterComponents();
    }

    public override Tensor forward(Tensor clips_BCTHW, Tensor embedding_BE)
    {
        Tensor features_BCTHW = PerFrame(conv_in, clips_BCTHW) + time_embed.forward(embedding_BE)[.., .., TensorIndex.None, TensorIndex.None, TensorIndex.None];
        features_BCTHW = PerFrame(block.spatial, nn.functional.silu(features_BCTHW));
        features_BCTHW = block.temporal.forward(nn.functional.silu(features_BCTHW));
        features_BCTHW += block.to_q.forward(features_BCTHW.movedim([1], [-1])).movedim([-1], [1]);
        return PerFrame(@out, features_BCTHW);
    }

    private static Tensor PerFrame(Conv2d layer, Tensor clips_BCTHW)
    {
        Tensor frames_NCHW = layer.forward(clips_BCTHW.transpose(1, 2).flatten(0, 1));
        return frames_NCHW.unflatten(0, clips_BCTHW.shape[0], clips_BCTHW.shape[2]).transpose(1, 2);
    }
}
