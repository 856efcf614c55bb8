using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Attention among the patches of one pair of frames: nothing in the tower mixes times or items.</summary>
public sealed class Qwen2VisionAttention : Module
{
    public readonly Linear qkv;
    public readonly Linear proj;

    private readonly int _heads;

    public Qwen2VisionAttention(int width, int heads)
        : base(nameof(Qwen2VisionAttention))
    {
        _heads = heads;
        qkv = new(width, 3 * width);
        proj = new(width, width);
        RegisterComponents();
    }

    internal Tensor Attend(Tensor states_NC, Qwen2Rotation rotation, IReadOnlyList<Qwen2VlGrid> grids)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts_NHD = qkv.call(states_NC).view(states_NC.shape[0], 3, _heads, -1).unbind(1);
        (Tensor query_NHD, Tensor key_NHD) = (rotation.Apply(parts_NHD[0]), rotation.Apply(parts_NHD[1]));
        List<Tensor> attended = [];
        long first = 0;
        foreach (Qwen2VlGrid grid in grids)
        {
            Tensor Slices(Tensor part_NHD) => part_NHD.narrow(0, first, grid.Patches).view(grid.Time, grid.Height * grid.Width, _heads, -1).transpose(1, 2);
            attended.Add(functional.scaled_dot_product_attention(Slices(query_NHD), Slices(key_NHD), Slices(parts_NHD[2])).transpose(1, 2).reshape(grid.Patches, -1));
            first += grid.Patches;
        }

        return proj.call(cat([.. attended])).MoveToOuterDisposeScope();
    }
}
