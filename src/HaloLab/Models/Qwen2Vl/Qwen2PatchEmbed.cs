using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Flattened patches (channel, time, row, column) to tokens: a convolution that sees each patch once is a matrix product.</summary>
public sealed class Qwen2PatchEmbed : Module<Tensor, Tensor>
{
    public readonly Conv3d proj;

    public Qwen2PatchEmbed(Qwen2VlVisionConfig config)
        : base(nameof(Qwen2PatchEmbed))
    {
        ArgumentNullException.ThrowIfNull(config);
        proj = new(config.InChannels, config.EmbedDim, [config.TemporalPatchSize, config.PatchSize, config.PatchSize], hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor patches_NV)
    {
        using var scope = NewDisposeScope();
        return functional.linear(patches_NV.to(proj.weight.dtype), proj.weight.flatten(1)).MoveToOuterDisposeScope();
    }
}
