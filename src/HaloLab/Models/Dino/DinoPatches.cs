using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Dino;

/// <summary>Patches to tokens, row by row; pixels beyond a multiple of the patch are left out.</summary>
public sealed class DinoPatches : Module<Tensor, Tensor>
{
    public readonly Conv2d proj;

    public DinoPatches(int patch, int width)
        : base(nameof(DinoPatches))
    {
        proj = new(3, width, [patch, patch], [patch, patch]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        return proj.call(pixels_NCHW).flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
    }
}
