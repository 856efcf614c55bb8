using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Adapters;

/// <summary>The inner layers of <see cref="PositionalModel"/>, which applies them.</summary>
internal sealed class PositionalBlock : nn.Module
{
    public readonly Conv2d spatial;
    public readonly Conv3d temporal;
    public readonly Linear to_q;

    public PositionalBlock(Conv2d spatial, Conv3d temporal, Linear toQ)
        : base(nameof(PositionalBlock))
    {
        (this.spatial, this.temporal, to_q) = (spatial, temporal, toQ);
        RegisterComponents();
    }
}
