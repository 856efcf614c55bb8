using HaloLab.Videos;

namespace HaloLab.Rewards.Patches;

/// <summary>Which patches a patch reward model is asked about, and what it may stand on.</summary>
public sealed record PatchScoring
{
    /// <summary>The patches: time × height × width.</summary>
    public PatchGrid Grid { get; init; } = new(4, 4, 4);

    /// <summary>Frames that one latent frame of the generator's VAE covers, where cells are cut (DESIGN D1).</summary>
    public int TemporalStride { get; init; } = 1;

    /// <summary>Pixels that one latent element covers along each side.</summary>
    public int SpatialStride { get; init; } = 1;

    /// <summary>Backbones that models may stand on.</summary>
    public RewardBackbones Backbones { get; init; } = RewardBackbones.Published;

    /// <summary>Where the cells of a grid lie in a clip.</summary>
    /// <exception cref="InputException">The VAE cannot take the clip's size, or the grid is finer than its latents.</exception>
    public LatticeEdges Cells(PatchGrid grid, int frames, int height, int width) => LatentLattice.ForClip(frames, height, width, SpatialStride, TemporalStride).Edges(grid);
}
