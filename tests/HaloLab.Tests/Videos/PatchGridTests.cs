using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

public class PatchGridTests
{
    /// <summary>Lattices and grids on them: the ends (one cell, one element per cell) and random ones between, even and uneven.</summary>
    public static TheoryData<LatentLattice, PatchGrid> Cases()
    {
        TheoryData<LatentLattice, PatchGrid> cases = new()
        {
            { new LatentLattice(16, 20, 32, 2), new PatchGrid(4, 4, 4) },
            { new LatentLattice(21, 15, 26, 2, 4), new PatchGrid(4, 4, 4) },
            { new LatentLattice(8, 8, 8, 4), new PatchGrid(8, 8, 8) },
            { new LatentLattice(1, 5, 7, 8, 4), new PatchGrid(1, 1, 1) },
        };
        RandomStream random = new(7, "patch grid tests");
        for (int i = 0; i < 30; i++)
        {
            LatentLattice lattice = new(1 + random.Next(22), 1 + random.Next(13), 1 + random.Next(17), 1 + random.Next(8), 1 + random.Next(5));
            cases.Add(lattice, new PatchGrid(1 + random.Next(lattice.Frames), 1 + random.Next(lattice.Height), 1 + random.Next(lattice.Width)));
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PixelCellsPartitionTheClip(LatentLattice lattice, PatchGrid grid)
    {
        int[,,] covered = new int[lattice.PixelFrames, lattice.PixelHeight, lattice.PixelWidth];
        long pixels = 0;
        foreach (PixelCell cell in lattice.PixelCells(grid))
        {
            Assert.True(cell.PixelCount > 0, $"{cell} is empty");
            pixels += cell.PixelCount;
            for (int frame = cell.FrameStart; frame < cell.FrameEnd; frame++)
            {
                for (int row = cell.RowStart; row < cell.RowEnd; row++)
                {
                    for (int column = cell.ColumnStart; column < cell.ColumnEnd; column++)
                    {
                        covered[frame, row, column]++;
                    }
                }
            }
        }

        Assert.Equal(covered.Length, pixels);
        Assert.DoesNotContain(covered.Cast<int>(), times => times != 1);
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PixelCellsAreTheLatentCellsMapped(LatentLattice lattice, PatchGrid grid)
    {
        PixelCell[] cells = lattice.PixelCells(grid);
        for (int frame = 0; frame < lattice.PixelFrames; frame++)
        {
            // Frame 0 is latent frame 0; frames 1 .. k are latent frame 1, and so on.
            int latentFrame = (frame + lattice.TemporalStride - 1) / lattice.TemporalStride;
            for (int row = 0; row < lattice.PixelHeight; row += lattice.SpatialStride)
            {
                int t = CellOf(latentFrame, lattice.Frames, grid.Time);
                int h = CellOf(row / lattice.SpatialStride, lattice.Height, grid.Height);
                int w = CellOf(lattice.Width - 1, lattice.Width, grid.Width);
                Assert.True(cells[grid.Index(t, h, w)].Contains(frame, row + lattice.SpatialStride - 1, lattice.PixelWidth - 1));
            }
        }

        // The definition, searched: the cell whose interval floor(i·N/G) .. floor((i+1)·N/G) holds the element.
        static int CellOf(int element, int elements, int cells) =>
            Enumerable.Range(0, cells).Single(i => (long)i * elements / cells <= element && element < (long)(i + 1) * elements / cells);
    }

    [Fact]
    public void UnevenSplitFollowsTheFloorRule() => Assert.Equal([0, 2, 5, 7, 10], PatchGrid.Boundaries(10, 4));

    [Fact]
    public void TemporalCompressionMapsTheFirstFrameAlone()
    {
        LatentLattice lattice = LatentLattice.ForClip(17, 64, 96, spatialStride: 8, temporalStride: 4);
        Assert.Equal(new LatentLattice(5, 8, 12, 8, 4), lattice);
        Assert.Equal([0, 1, 5, 9, 13, 17], lattice.PixelBoundaries(new PatchGrid(5, 1, 1)).Frames);
        Assert.Equal([0, 5, 17], lattice.PixelBoundaries(new PatchGrid(2, 1, 1)).Frames);
        Assert.Equal([0, 16, 40, 64], lattice.PixelBoundaries(new PatchGrid(1, 3, 1)).Rows);
    }

    [Theory]
    [InlineData(5, 1, 1)]
    [InlineData(1, 9, 1)]
    [InlineData(1, 1, 13)]
    [InlineData(0, 1, 1)]
    public void GridFinerThanTheLatentIsRefused(int t, int h, int w)
    {
        LatentLattice lattice = new(4, 8, 12, 8);
        InputException error = Assert.Throws<InputException>(() => lattice.PixelCells(new PatchGrid(t, h, w)));
        Assert.Contains("latent elements", error.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new CellSums(new PatchGrid(t, h, w), 4, 8, 12));
    }

    [Theory]
    [InlineData(16, 64, 64, "17")]
    [InlineData(0, 64, 64, "1 or 5")]
    [InlineData(17, 60, 64, "height 60")]
    [InlineData(17, 64, 4, "width 4")]
    public void ClipThatTheVaeCannotTakeIsRefused(int frames, int height, int width, string says)
    {
        InputException error = Assert.Throws<InputException>(() => LatentLattice.ForClip(frames, height, width, 8, 4));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CoarseGridNestsOnlyWhereItsBoundariesAreBoundaries()
    {
        LatentLattice lattice = new(8, 10, 10, 8);
        Assert.True(lattice.Nests(new PatchGrid(2, 1, 5), new PatchGrid(8, 4, 10)));
        Assert.True(lattice.Nests(new PatchGrid(1, 2, 1), new PatchGrid(1, 4, 1)));
        Assert.False(lattice.Nests(new PatchGrid(1, 3, 1), new PatchGrid(1, 4, 1)));
        Assert.False(lattice.Nests(new PatchGrid(8, 1, 1), new PatchGrid(4, 1, 1)));
    }

    [Theory]
    [InlineData("4x4x4", 4, 4, 4)]
    [InlineData("2×3×5", 2, 3, 5)]
    public void GridIsReadAndWritten(string text, int t, int h, int w)
    {
        PatchGrid grid = PatchGrid.Parse(text);
        Assert.Equal(new PatchGrid(t, h, w), grid);
        Assert.Equal(grid, PatchGrid.Parse(grid.ToString()));
        for (int index = 0; index < grid.Count; index++)
        {
            (int ct, int ch, int cw) = grid.Cell(index);
            Assert.Equal(index, grid.Index(ct, ch, cw));
        }
    }

    [Theory]
    [InlineData("4x4")]
    [InlineData("4x0x4")]
    [InlineData("4x-1x4")]
    [InlineData("axbxc")]
    [InlineData("")]
    public void GridTextThatIsNoneIsRefused(string text) => Assert.Throws<InputException>(() => PatchGrid.Parse(text));
}
