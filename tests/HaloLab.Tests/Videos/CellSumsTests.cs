using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Videos;

public class CellSumsTests
{
    public static IEnumerable<TheoryDataRow<LatentLattice, PatchGrid>> Lattices() => PatchGridTests.Cases();

    [Theory]
    [MemberData(nameof(Lattices), DisableDiscoveryEnumeration = true)]
    public void SumsCountsAndMeansAreThoseOfEachSlice(LatentLattice lattice, PatchGrid grid)
    {
        using var scope = NewDisposeScope();
        Tensor values_BCTHW = LatticePoolingTests.Normal(new RandomStream(7, $"{lattice} {grid}"), [2, 3, lattice.Frames, lattice.Height, lattice.Width]).requires_grad_();
        CellSums cells = new(grid, lattice.Frames, lattice.Height, lattice.Width);
        Tensor sums_Bthw = cells.Sums(values_BCTHW);
        Tensor counts_thw = cells.Counts(3, float64);
        Tensor means_Bthw = cells.Means(values_BCTHW);
        TensorAssert.Identical(sums_Bthw.div(counts_thw), means_Bthw, "means are sums / counts");

        int[] time = PatchGrid.Boundaries(lattice.Frames, grid.Time);
        int[] rows = PatchGrid.Boundaries(lattice.Height, grid.Height);
        int[] columns = PatchGrid.Boundaries(lattice.Width, grid.Width);
        Tensor weights = arange(2 * grid.Count, dtype: float64).reshape(2, grid.Time, grid.Height, grid.Width);
        Tensor expectedGradient = zeros_like(values_BCTHW);
        for (int index = 0; index < grid.Count; index++)
        {
            (int t, int h, int w) = grid.Cell(index);
            TensorIndex[] slice = [TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(time[t], time[t + 1]), TensorIndex.Slice(rows[h], rows[h + 1]), TensorIndex.Slice(columns[w], columns[w + 1])];
            Tensor cell = values_BCTHW[slice];
            TensorAssert.Close(cell.mean([1, 2, 3, 4]), means_Bthw[.., t, h, w], 1e-12, what: $"mean of cell {index}");
            Assert.Equal(cell.NumberOfElements / 2, counts_thw[t, h, w].item<double>());
            expectedGradient[slice] = weights[.., t, h, w].reshape(2, 1, 1, 1, 1).div((double)cell.NumberOfElements / 2).expand(cell.shape);
        }

        means_Bthw.mul(weights).sum().backward();
        TensorAssert.Close(expectedGradient, values_BCTHW.grad!, 1e-12, what: "gradient");
        TensorAssert.Close(values_BCTHW.sum([1, 2, 3, 4]), sums_Bthw.sum([1, 2, 3]), 1e-9, what: "the cells are a partition");
    }

    [Fact]
    public void OneCellIsTheMeanOverEverything()
    {
        using var scope = NewDisposeScope();
        Tensor values_BCTHW = LatticePoolingTests.Normal(new RandomStream(7, "one cell"), [3, 4, 5, 6, 7]).to(float32);
        Tensor means = new CellSums(new PatchGrid(1, 1, 1), 5, 6, 7).Means(values_BCTHW);
        TensorAssert.Close(values_BCTHW.mean([1, 2, 3, 4]), means.flatten(), 1e-6);
    }

    [Fact]
    public void NothingStaysBehind()
    {
        CellSums cells = new(new PatchGrid(2, 2, 2), 4, 5, 6);
        using Tensor values = zeros([1, 2, 4, 5, 6]);
        cells.Means(values).Dispose();
        long before = LiveTensors.CountSettled();
        for (int i = 0; i < 5; i++)
        {
            cells.Means(values).Dispose();
        }

        Assert.Equal(before, Tensor.TotalCount);
    }
}
