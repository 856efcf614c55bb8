using System.Globalization;

namespace HaloLab.Videos;

/// <summary>
/// The latent elements of a clip and how a VAE lays them over its pixels (DESIGN D1). In space every latent element covers
/// <see cref="SpatialStride"/> × <see cref="SpatialStride"/> pixels. In time the first latent frame covers the first frame alone and every
/// later one covers <see cref="TemporalStride"/> frames, so <c>T</c> latent frames are <c>1 + (T − 1)·stride</c> frames: the frame map of
/// causal video VAEs (Wan, CogVideoX: stride 4, clips of 1 + 4k frames), which at stride 1 is that of a per-frame VAE.
/// </summary>
/// <param name="Frames">Latent frames, at least 1.</param>
/// <param name="Height">Latent rows, at least 1.</param>
/// <param name="Width">Latent columns, at least 1.</param>
/// <param name="SpatialStride">Pixels per latent element along height and width, at least 1.</param>
/// <param name="TemporalStride">Frames per latent frame after the first, at least 1; 1 is a per-frame VAE.</param>
public readonly record struct LatentLattice(int Frames, int Height, int Width, int SpatialStride, int TemporalStride = 1)
{
    /// <summary>Frames of the clip.</summary>
    public int PixelFrames => FrameAt(Frames);

    /// <summary>Rows of pixels.</summary>
    public int PixelHeight => Height * SpatialStride;

    /// <summary>Columns of pixels.</summary>
    public int PixelWidth => Width * SpatialStride;

    /// <summary>The lattice of a clip of that size.</summary>
    /// <exception cref="InputException">The VAE cannot take that size: the message says which one it takes.</exception>
    public static LatentLattice ForClip(int frames, int height, int width, int spatialStride, int temporalStride = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(spatialStride, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(temporalStride, 1);
        if (frames < 1 || (frames - 1) % temporalStride != 0)
        {
            int below = frames < 1 ? 1 : frames - ((frames - 1) % temporalStride);
            throw new InputException($"A clip of {frames} frames does not fit a VAE that takes 1 + {temporalStride}k frames: give {below} or {below + temporalStride}.");
        }

        RequireMultiple("height", height, spatialStride);
        RequireMultiple("width", width, spatialStride);
        return new LatentLattice(1 + ((frames - 1) / temporalStride), height / spatialStride, width / spatialStride, spatialStride, temporalStride);
    }

    /// <summary>The first frame of the clip that latent frame <paramref name="latentFrame"/> covers; for <see cref="Frames"/> the end of the clip.</summary>
    public int FrameAt(int latentFrame)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(latentFrame);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(latentFrame, Frames);
        return latentFrame == 0 ? 0 : 1 + ((latentFrame - 1) * TemporalStride);
    }

    /// <summary>What the cells of <paramref name="grid"/> cover in the clip, in the order t, h, w (w fastest).</summary>
    /// <exception cref="InputException">The grid is finer than the lattice.</exception>
    public PixelCell[] PixelCells(PatchGrid grid)
    {
        (int[] frames, int[] rows, int[] columns) = PixelBoundaries(grid);
        PixelCell[] cells = new PixelCell[grid.Count];
        for (int index = 0; index < cells.Length; index++)
        {
            (int t, int h, int w) = grid.Cell(index);
            cells[index] = new PixelCell(frames[t], frames[t + 1], rows[h], rows[h + 1], columns[w], columns[w + 1]);
        }

        return cells;
    }

    /// <summary>The boundaries of the cells of <paramref name="grid"/> along the clip's frames, rows and columns, each from 0 to the end.</summary>
    /// <exception cref="InputException">The grid is finer than the lattice.</exception>
    public (int[] Frames, int[] Rows, int[] Columns) PixelBoundaries(PatchGrid grid)
    {
        int[] frames = PatchGrid.Boundaries(Frames, grid.Time);
        int[] rows = PatchGrid.Boundaries(Height, grid.Height);
        int[] columns = PatchGrid.Boundaries(Width, grid.Width);
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = FrameAt(frames[i]);
        }

        int stride = SpatialStride;
        return (frames, Array.ConvertAll(rows, row => row * stride), Array.ConvertAll(columns, column => column * stride));
    }

    /// <summary>
    /// The cells of <paramref name="grid"/> in normalised coordinates of the clip's pixels, for <see cref="LatticePooling"/>. Time is measured
    /// in frames of the clip, not in latent frames: the first latent frame of a compressing VAE is shorter than the others.
    /// </summary>
    /// <exception cref="InputException">The grid is finer than the lattice.</exception>
    public LatticeEdges Edges(PatchGrid grid)
    {
        (int[] frames, int[] rows, int[] columns) = PixelBoundaries(grid);
        return new LatticeEdges(LatticeEdges.Normalise(frames), LatticeEdges.Normalise(rows), LatticeEdges.Normalise(columns));
    }

    /// <summary>
    /// Whether every boundary of <paramref name="coarse"/> is one of <paramref name="fine"/> on this lattice: only then can sums per fine cell
    /// be added up to sums per coarse cell (DESIGN D2).
    /// </summary>
    public bool Nests(PatchGrid coarse, PatchGrid fine) =>
        Nests(Frames, coarse.Time, fine.Time) && Nests(Height, coarse.Height, fine.Height) && Nests(Width, coarse.Width, fine.Width);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Frames}x{Height}x{Width} (stride {TemporalStride}x{SpatialStride}x{SpatialStride})");

    private static bool Nests(int elements, int coarse, int fine) =>
        PatchGrid.Boundaries(elements, coarse).All(PatchGrid.Boundaries(elements, fine).ToHashSet().Contains);

    private static void RequireMultiple(string axis, int pixels, int stride)
    {
        if (pixels < stride || pixels % stride != 0)
        {
            int below = Math.Max(stride, pixels - (pixels % stride));
            throw new InputException($"A clip of {axis} {pixels} does not fit a VAE of stride {stride}: give a multiple of {stride}, for example {below}.");
        }
    }
}
