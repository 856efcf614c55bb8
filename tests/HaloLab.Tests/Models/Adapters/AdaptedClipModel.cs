using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Adapters;

/// <summary>The module of the reference adapters: convolution over time, convolution per frame, mean over the picture, linear map.</summary>
internal sealed class AdaptedClipModel : nn.Module<Tensor, Tensor>
{
    public readonly Conv3d temporal;
    public readonly Conv2d spatial;
    public readonly Linear proj;

    public AdaptedClipModel(IReadOnlyDictionary<string, Tensor> parameters)
        : base(nameof(AdaptedClipModel))
    {
        long[] Shape(string layer) => parameters[$"{layer}.weight"].shape;
        temporal = new Conv3d(Shape("temporal")[1], Shape("temporal")[0], Shape("temporal")[2..], padding: [1, 0, 0]);
        spatial = new Conv2d(Shape("spatial")[1], Shape("spatial")[0], Shape("spatial")[2..], stride: [2, 2], padding: [1, 1]);
        proj = new Linear(Shape("proj")[1], Shape("proj")[0]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor clips_BCTHW)
    {
        Tensor features_BCTHW = temporal.forward(clips_BCTHW);
        Tensor frames_NCHW = features_BCTHW.transpose(1, 2).flatten(0, 1);
        Tensor pooled_NC = nn.functional.silu(spatial.forward(frames_NCHW)).mean([2, 3]);
        return proj.forward(pooled_NC.view(clips_BCTHW.shape[0], clips_BCTHW.shape[2], -1));
    }
}
