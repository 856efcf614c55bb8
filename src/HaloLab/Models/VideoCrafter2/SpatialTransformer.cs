using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Transformer over the places of one frame, which reads the text; its result is added to the input.</summary>
public sealed class SpatialTransformer : Module<Tensor, Tensor, Tensor>
{
    public readonly GroupNorm32 norm;
    public readonly AdaptableLayer proj_in;
    public readonly ModuleList<TransformerBlock> transformer_blocks;
    public readonly AdaptableLayer proj_out;

    private readonly bool _linear;

    public SpatialTransformer(int channels, UNet3DOptions options)
        : base(nameof(SpatialTransformer))
    {
        ArgumentNullException.ThrowIfNull(options);
        int heads = channels / options.HeadChannels;
        int inner = heads * options.HeadChannels;
        _linear = options.LinearProjections;
        norm = new GroupNorm32(options.NormGroups, channels, 1e-6);
        proj_in = _linear ? new Layers.Linear(channels, inner) : new Layers.Conv2d(channels, inner, [1, 1]);
        transformer_blocks = ModuleList(Enumerable.Range(0, options.TransformerDepth)
            .Select(_ => new TransformerBlock(inner, heads, options.HeadChannels, options.ContextChannels)).ToArray());
        proj_out = _linear ? new Layers.Linear(inner, channels) { StartsAtZero = true } : new Layers.Conv2d(inner, channels, [1, 1]) { StartsAtZero = true };
        RegisterComponents();
    }

    /// <param name="frames_NCHW">Frames, N = B·T.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    public override Tensor forward(Tensor frames_NCHW, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        long height = frames_NCHW.shape[2];
        Tensor normed = norm.call(frames_NCHW);
        Tensor tokens_NMC = _linear ? proj_in.call(TokensOf(normed)) : TokensOf(proj_in.call(normed));
        foreach (TransformerBlock block in transformer_blocks)
        {
            tokens_NMC = block.call(tokens_NMC, context_BLD);
        }

        Tensor change = _linear ? FramesOf(proj_out.call(tokens_NMC), height) : proj_out.call(FramesOf(tokens_NMC, height));
        return frames_NCHW.add(change).MoveToOuterDisposeScope();
    }

    private static Tensor TokensOf(Tensor frames_NCHW) => frames_NCHW.permute(0, 2, 3, 1).flatten(1, 2);

    private static Tensor FramesOf(Tensor tokens_NMC, long height) => tokens_NMC.unflatten(1, height, -1).permute(0, 3, 1, 2);
}
