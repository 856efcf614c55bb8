using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;
using Conv3d = HaloLab.Models.Layers.Conv3d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>Two convolutions over space with the timestep between them, then two over time, each pair added to its input.</summary>
internal sealed class SpaceTimeResBlock : Module<Tensor, Tensor, Tensor>
{
    public readonly GroupNorm32 norm1;
    public readonly Conv2d conv1;
    public readonly Linear emb;
    public readonly GroupNorm32 norm2;
    public readonly Conv2d conv2;
    public readonly Conv2d skip;
    public readonly GroupNorm32 tnorm1;
    public readonly Conv3d tconv1;
    public readonly GroupNorm32 tnorm2;
    public readonly Conv3d tconv2;

    public SpaceTimeResBlock(int inChannels, int outChannels, int embeddingChannels, int groups)
        : base(nameof(SpaceTimeResBlock))
    {
        norm1 = new GroupNorm32(groups, inChannels);
        conv1 = new Conv2d(inChannels, outChannels, [3, 3], padding: [1, 1]);
        emb = new Linear(embeddingChannels, outChannels);
        norm2 = new GroupNorm32(groups, outChannels);
        conv2 = new Conv2d(outChannels, outChannels, [3, 3], padding: [1, 1]);
        skip = new Conv2d(inChannels, outChannels, [1, 1]);
        tnorm1 = new GroupNorm32(groups, outChannels);
        tconv1 = new Conv3d(outChannels, outChannels, [3, 1, 1], padding: [1, 0, 0]);
        tnorm2 = new GroupNorm32(groups, outChannels);
        tconv2 = new Conv3d(outChannels, outChannels, [3, 1, 1], padding: [1, 0, 0]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW, Tensor embedding_BE)
    {
        using var scope = NewDisposeScope();
        long batch = embedding_BE.shape[0];
        Tensor embedded_NC11 = emb.call(functional.silu(embedding_BE)).repeat_interleave(frames_NCHW.shape[0] / batch, 0).unsqueeze(2).unsqueeze(3);
        Tensor hidden_NCHW = conv1.call(functional.silu(norm1.call(frames_NCHW))) + embedded_NC11;
        hidden_NCHW = skip.call(frames_NCHW) + conv2.call(functional.silu(norm2.call(hidden_NCHW)));
        Tensor clips_BCTHW = FrameFolding.ClipsOf(hidden_NCHW, batch);
        Tensor change_BCTHW = tconv1.call(functional.silu(tnorm1.call(clips_BCTHW)));
        change_BCTHW = tconv2.call(functional.silu(tnorm2.call(change_BCTHW)));
        return FrameFolding.FramesOf(clips_BCTHW + change_BCTHW).MoveToOuterDisposeScope();
    }
}
