using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Qwen2-VL's vision tower: patches of images and videos to tokens of the decoder.</summary>
public sealed class Qwen2VisionTower : Module, IRecomputing
{
    internal const double Epsilon = 1e-6;
    private const double RopeTheta = 10000;

    public readonly Qwen2PatchEmbed patch_embed;
    public readonly ModuleList<Qwen2VisionBlock> blocks;
    public readonly Qwen2PatchMerger merger;

    private readonly Qwen2VlVisionConfig _config;

    public Qwen2VisionTower(Qwen2VlVisionConfig config)
        : base(nameof(Qwen2VisionTower))
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        patch_embed = new(config);
        blocks = ModuleList(Enumerable.Range(0, config.Depth).Select(_ => new Qwen2VisionBlock(config)).ToArray());
        merger = new(config);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public bool Recomputes { get; set; }

    /// <summary>Tokens of all items one after the other, in the order pair of frames, row, column.</summary>
    /// <param name="patches_NV">Patches of all items, by merged blocks (<see cref="Qwen2VlGrid.Places"/>).</param>
    /// <param name="grids">The items.</param>
    public Tensor Tokens(Tensor patches_NV, IReadOnlyList<Qwen2VlGrid> grids)
    {
        ArgumentNullException.ThrowIfNull(patches_NV);
        ArgumentNullException.ThrowIfNull(grids);
        if (patches_NV.dim() != 2 || patches_NV.shape[0] != grids.Sum(grid => (long)grid.Patches) || patches_NV.shape[1] != _config.PatchValues)
        {
            throw new ArgumentException($"Patches are [{string.Join(", ", patches_NV.shape)}]; expected [{grids.Sum(grid => (long)grid.Patches)}, {_config.PatchValues}] for {grids.Count} items.", nameof(patches_NV));
        }

        using var scope = NewDisposeScope();
        Qwen2Rotation rotation = Rotation(grids, patches_NV.device);
        Tensor states_NC = patch_embed.call(patches_NV);
        foreach (Qwen2VisionBlock block in blocks)
        {
            states_NC = Recomputation.Run(Recomputes, inputs => [block.Apply(inputs[0], new Qwen2Rotation(inputs[1], inputs[2]), grids)], states_NC, rotation.Cos, rotation.Sin)[0];
        }

        return merger.call(states_NC).MoveToOuterDisposeScope();
    }

    /// <summary>Angle of every patch by its row (first half) and its column; nothing turns with time.</summary>
    internal Tensor Angles(IReadOnlyList<Qwen2VlGrid> grids)
    {
        using var scope = NewDisposeScope();
        int quarter = _config.EmbedDim / _config.NumHeads / 4;
        float[] frequencies = [.. Enumerable.Range(0, quarter).Select(i => (float)Math.Pow(RopeTheta, -(double)i / quarter))];
        (int Row, int Column)[] places = [.. grids.SelectMany(grid => Enumerable.Repeat(grid.Places(_config.SpatialMergeSize).ToArray(), grid.Time).SelectMany(frame => frame))];
        Tensor rows_N1 = tensor(places.Select(place => (float)place.Row).ToArray()).unsqueeze(1);
        Tensor columns_N1 = tensor(places.Select(place => (float)place.Column).ToArray()).unsqueeze(1);
        Tensor frequencies_F = tensor(frequencies);
        return cat([rows_N1 * frequencies_F, columns_N1 * frequencies_F], 1).MoveToOuterDisposeScope();
    }

    private Qwen2Rotation Rotation(IReadOnlyList<Qwen2VlGrid> grids, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor angles_Nh = Angles(grids).to(device);
        Tensor angles_N1D = cat([angles_Nh, angles_Nh], 1).unsqueeze(1);
        return new(angles_N1D.cos().MoveToOuterDisposeScope(), angles_N1D.sin().MoveToOuterDisposeScope());
    }
}
