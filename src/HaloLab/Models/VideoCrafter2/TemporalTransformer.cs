using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Transformer over the frames at one place, without text, mask or positions; its result is added to the input.</summary>
public sealed class TemporalTransformer : Module<Tensor, Tensor>
{
    public readonly GroupNorm32 norm;
    public readonly AdaptableLayer proj_in;
    public readonly ModuleList<TransformerBlock> transformer_blocks;
    public readonly AdaptableLayer proj_out;

    private readonly bool _linear;

    /// <param name="channels">Channels.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="linear">Linear or 1-D convolutions of kernel 1 at both ends; the same map under differently shaped weights.</param>
    /// <param name="options">The model's options.</param>
    public TemporalTransformer(int channels, int heads, bool linear, UNet3DOptions options)
        : base(nameof(TemporalTransformer))
    {
        ArgumentNullException.ThrowIfNull(options);
        int headChannels = options.HeadChannels;
        int inner = heads * headChannels;
        _linear = linear;
        norm = new GroupNorm32(options.NormGroups, channels, 1e-6);
        proj_in = linear ? new Layers.Linear(channels, inner) : new Layers.Conv1d(channels, inner, [1]);
        transformer_blocks = ModuleList(Enumerable.Range(0, options.TransformerDepth).Select(_ => new TransformerBlock(inner, heads, headChannels, null)).ToArray());
        proj_out = linear ? new Layers.Linear(inner, channels) { StartsAtZero = true } : new Layers.Conv1d(inner, channels, [1]) { StartsAtZero = true };
        RegisterComponents();
    }

    /// <param name="clips_BCTHW">Clips; the group norm's statistics run over T, H and W.</param>
    public override Tensor forward(Tensor clips_BCTHW)
    {
        using var scope = NewDisposeScope();
        long[] shape = clips_BCTHW.shape;
        Tensor rows_NTC = norm.call(clips_BCTHW).permute(0, 3, 4, 2, 1).reshape(-1, shape[2], shape[1]);
        Tensor tokens_NTC = Project(proj_in, rows_NTC);
        foreach (TransformerBlock block in transformer_blocks)
        {
            tokens_NTC = block.call(tokens_NTC, null);
        }

        Tensor change_BHWTC = Project(proj_out, tokens_NTC).view(shape[0], shape[3], shape[4], shape[2], shape[1]);
        return clips_BCTHW.add(change_BHWTC.permute(0, 4, 3, 1, 2)).MoveToOuterDisposeScope();
    }

    private Tensor Project(AdaptableLayer layer, Tensor rows_NTC) =>
        _linear ? layer.call(rows_NTC) : layer.call(rows_NTC.transpose(1, 2)).transpose(1, 2);
}
