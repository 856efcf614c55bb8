using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Pre-norm block of the vision tower.</summary>
public sealed class Qwen2VisionBlock : Module
{
    public readonly LayerNorm32 norm1;
    public readonly Qwen2VisionAttention attn;
    public readonly LayerNorm32 norm2;
    public readonly Qwen2VisionMlp mlp;

    public Qwen2VisionBlock(Qwen2VlVisionConfig config)
        : base(nameof(Qwen2VisionBlock))
    {
        ArgumentNullException.ThrowIfNull(config);
        norm1 = new(config.EmbedDim, Qwen2VisionTower.Epsilon, affine: true);
        attn = new(config.EmbedDim, config.NumHeads);
        norm2 = new(config.EmbedDim, Qwen2VisionTower.Epsilon, affine: true);
        mlp = new(config.EmbedDim, (int)(config.EmbedDim * config.MlpRatio));
        RegisterComponents();
    }

    internal Tensor Apply(Tensor states_NC, Qwen2Rotation rotation, IReadOnlyList<Qwen2VlGrid> grids)
    {
        using var scope = NewDisposeScope();
        Tensor attended_NC = states_NC.add(attn.Attend(norm1.call(states_NC), rotation, grids));
        return attended_NC.add(mlp.call(norm2.call(attended_NC))).MoveToOuterDisposeScope();
    }
}
