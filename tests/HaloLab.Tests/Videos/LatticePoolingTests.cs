using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Videos;

public class LatticePoolingTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Goldens() => GoldenCase.Find("patch_head", "pooling*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Goldens), DisableDiscoveryEnumeration = true)]
    public void EqualIntervalsMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        int compared = 0;
        foreach (string name in golden.Json.GetProperty("cases").EnumerateArray().Select(item => item.GetString()!))
        {
            string[] sides = name.Split("_to_");
            PatchGrid source = PatchGrid.Parse(sides[0]);
            PatchGrid target = PatchGrid.Parse(sides[1]);
            LatticePooling pooling = new(LatticeEdges.Uniform(source.Time, source.Height, source.Width), LatticeEdges.Uniform(target.Time, target.Height, target.Width));
            Tensor scores_THWD = golden.Tensors[$"in.{source}.scores"].detach().clone().requires_grad_();
            Tensor pooled_thwD = pooling.Pool(scores_THWD.permute(3, 0, 1, 2)).permute(1, 2, 3, 0);
            TensorAssert.Close(golden.Tensors[$"out.{name}"], pooled_thwD, 1e-6, what: name);
            pooled_thwD.mul(golden.Tensors[$"in.{name}.cotangent"]).sum().backward();
            TensorAssert.Close(golden.Tensors[$"grad.{name}.scores"], scores_THWD.grad!, 1e-6, what: $"gradient of {name}");
            compared++;
        }

        Assert.True(compared > 0, "the case lists no grids");
        foreach ((string name, Tensor expected_gn) in golden.WithPrefix("tap.axis_weights_"))
        {
            int[] cells = [.. name.Split("_to_").Select(int.Parse)];
            double[,] weights = AxisWeights.Overlap(LatticeEdges.Uniform(cells[0], 1, 1).Time, LatticeEdges.Uniform(cells[1], 1, 1).Time);
            TensorAssert.Close(expected_gn, tensor(weights, dtype: float32), 1e-6, what: name);
        }
    }

    public static IEnumerable<TheoryDataRow<LatentLattice, PatchGrid>> Lattices() => PatchGridTests.Cases();

    [Theory]
    [MemberData(nameof(Lattices), DisableDiscoveryEnumeration = true)]
    public void RowsSumToOneAndTheMeanOverTheClipIsPreserved(LatentLattice lattice, PatchGrid grid)
    {
        using var scope = NewDisposeScope();
        RandomStream random = new(7, $"{lattice} {grid}");
        int[] sampled = [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => random.Next(lattice.PixelFrames)).Order()];
        LatticeEdges source = LatticeEdges.Sampled(sampled, lattice.PixelFrames, 1, 1 + random.Next(9), 1 + random.Next(9));
        LatticeEdges target = lattice.Edges(grid);
        LatticePooling pooling = new(source, target);
        long[] shape = [2, source.Time.Length - 1, source.Height.Length - 1, source.Width.Length - 1];

        TensorAssert.Close(ones(2, grid.Time, grid.Height, grid.Width, dtype: float64), pooling.Pool(ones(shape, dtype: float64)), 1e-12, what: "rows sum to 1");

        Tensor map = Normal(random, shape);
        Tensor before = map.mul(Sizes(source)).sum([1, 2, 3]);
        Tensor after = pooling.Pool(map).mul(Sizes(target)).sum([1, 2, 3]);
        TensorAssert.Close(before, after, 1e-12, what: "mean over the clip");
    }

    [Fact]
    public void UnevenCellsAreTheMeanOverTheirPixels()
    {
        using var scope = NewDisposeScope();
        // 10 latent rows in 4 cells of 2, 3, 2, 3; a reward map of 5 equal rows, each 2 latent rows long.
        LatentLattice lattice = new(1, 10, 1, 8);
        LatticePooling pooling = new(LatticeEdges.Uniform(1, 5, 1), lattice.Edges(new PatchGrid(1, 4, 1)));
        Tensor pooled = pooling.Pool(tensor(new double[] { 1, 10, 100, 1000, 10000 }).reshape(1, 5, 1));
        double[] byHand = [1, ((2 * 10) + 100) / 3.0, (100 + 1000) / 2.0, (1000 + (2 * 10000)) / 3.0];
        TensorAssert.Close(tensor(byHand).reshape(1, 4, 1), pooled, 1e-9);
    }

    [Fact]
    public void TimeIsMeasuredInFramesOfTheClip()
    {
        using var scope = NewDisposeScope();
        // Frames 0 | 1..4 | 5..8 of a compressing VAE, rewards for every one of the 9 frames.
        LatentLattice lattice = new(3, 1, 1, 8, 4);
        LatticePooling pooling = new(LatticeEdges.Uniform(9, 1, 1), lattice.Edges(new PatchGrid(3, 1, 1)));
        Tensor pooled = pooling.Pool(arange(9, dtype: float64).reshape(9, 1, 1));
        TensorAssert.Close(tensor(new double[] { 0, 2.5, 6.5 }).reshape(3, 1, 1), pooled, 1e-12);
    }

    [Fact]
    public void FrameThatWasNotSampledBelongsToTheNearestOne()
    {
        // Frame 2 is as near to 0 as to 4: the earlier one.
        Assert.Equal([0, 3, 7, 10], LatticeEdges.SampledFrameBoundaries([0, 4, 9], 10));
        Assert.Equal([0, 7, 12], LatticeEdges.SampledFrameBoundaries([0, 4, 9, 11], 12, framesPerCell: 2));

        int[] sampled = [1, 1, 6, 13, 14];
        int[] boundaries = LatticeEdges.SampledFrameBoundaries(sampled, 20);
        for (int frame = 0; frame < 20; frame++)
        {
            int cell = Enumerable.Range(0, sampled.Length).Single(i => boundaries[i] <= frame && frame < boundaries[i + 1]);
            Assert.Equal(sampled.Min(other => Math.Abs(other - frame)), Math.Abs(sampled[cell] - frame));
        }
    }

    [Fact]
    public void WrongEdgesAndShapesAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new LatticeEdges([0, 0.5], [0, 1], [0, 1]));
        Assert.Throws<ArgumentException>(() => new LatticeEdges([0, 0.7, 0.5, 1], [0, 1], [0, 1]));
        Assert.Throws<ArgumentException>(() => LatticeEdges.SampledFrameBoundaries([3, 2], 10));
        Assert.Throws<ArgumentException>(() => LatticeEdges.SampledFrameBoundaries([3, 10], 10));
        Assert.Throws<ArgumentException>(() => LatticeEdges.SampledFrameBoundaries([1, 2, 3], 10, framesPerCell: 2));
        using var scope = NewDisposeScope();
        LatticePooling pooling = new(LatticeEdges.Uniform(2, 3, 4), LatticeEdges.Uniform(1, 1, 1));
        Assert.Throws<ArgumentException>(() => pooling.Pool(zeros(2, 4, 3)));
    }

    internal static Tensor Normal(RandomStream random, params long[] shape)
    {
        double[] values = new double[shape.Aggregate(1L, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextGaussian();
        }

        return tensor(values).reshape(shape);
    }

    private static Tensor Sizes(LatticeEdges edges)
    {
        Tensor time = Lengths(edges.Time);
        Tensor height = Lengths(edges.Height);
        Tensor width = Lengths(edges.Width);
        return time.reshape(-1, 1, 1) * height.reshape(1, -1, 1) * width.reshape(1, 1, -1);

        static Tensor Lengths(double[] axis) => tensor(axis.Zip(axis.Skip(1), (start, end) => end - start).ToArray());
    }
}
