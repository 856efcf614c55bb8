using HaloLab.Models.CogVideoX;
using HaloLab.Models.Layers;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.CogVideoX;

/// <summary>Decoding in tiles of the picture: places and fading, and the algorithm of diffusers written out plainly.</summary>
public sealed class CogVideoXTilesTests
{
    // Tiles of 48×40 pixels are 6×5 latents: a sixth and a fifth of them are whole latents, as in the published size.
    private static readonly CogVideoXVaeConfig Small = new() { BlockOutChannels = [4, 4, 4, 8], NormNumGroups = 2, LayersPerBlock = 1, LatentChannels = 4, SampleHeight = 96, SampleWidth = 80 };

    [Theory]
    [InlineData(11, 7)]
    [InlineData(6, 9)]
    [InlineData(13, 5)]
    [InlineData(16, 13)]
    [InlineData(7, 6)]
    public void TilesAreDiffusersTiles(int height, int width)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CogVideoXAutoencoder model = Model();
        Tensor latents = randn([2, 4, 3, height, width], generator: new Generator(5));
        Tensor tiled = model.DecodeInTiles(latents);
        Assert.Equal([2, 3, 9, 8 * height, 8 * width], tiled.shape);
        TensorAssert.Close(Reference(latents, model.Decode, (6, 5), (48, 40)), tiled, 1e-6);
        Assert.True((tiled - model.Decode(latents)).abs().max().item<float>() > 1e-4, "tiles should see the edge of a tile");
    }

    [Fact]
    public void OneTileIsTheWhole()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CogVideoXAutoencoder model = Model();
        Tensor latents = randn([1, 4, 3, 6, 5], generator: new Generator(5));
        TensorAssert.Identical(model.Decode(latents), model.DecodeInTiles(latents));
    }

    /// <summary>Where tiles agree with one another they are the whole, wherever they were cut; sizes that do not divide evenly too.</summary>
    [Theory]
    [InlineData(96, 80, 17, 14)]
    [InlineData(480, 720, 60, 90)]
    [InlineData(480, 720, 31, 100)]
    [InlineData(60, 44, 9, 7)]
    [InlineData(16, 16, 3, 4)]
    public void TilesThatAgreeGiveTheWhole(int sampleHeight, int sampleWidth, int height, int width)
    {
        using var scope = NewDisposeScope();
        CogVideoXTiles tiles = new(Small with { SampleHeight = sampleHeight, SampleWidth = sampleWidth });
        Tensor latents = randn([1, 1, 2, height, width], generator: new Generator(5));
        int calls = 0;
        Tensor tiled = tiles.Decode(latents, tile =>
        {
            calls++;
            Assert.True(8 * tile.shape[3] <= tiles.Height && 8 * tile.shape[4] <= tiles.Width);
            return Larger(tile);
        });
        Assert.True(calls > 1);
        TensorAssert.Close(Larger(latents), tiled, 1e-6);
    }

    /// <summary>A tile of 0 beside one of 1 is a ramp over the overlap, without a step at either end.</summary>
    [Fact]
    public void FromOneTileToTheNextThereIsARamp()
    {
        using var scope = NewDisposeScope();
        int calls = 0;
        Tensor video = new CogVideoXTiles(Small).Decode(zeros([1, 1, 1, 5, 9]), tile => Larger(full_like(tile, calls++)));
        Assert.Equal(3, calls);
        float[] row = [.. video[0, 0, 0, 0].data<float>()];
        Assert.All(row[..32], value => Assert.Equal(0, value));
        Assert.Equal([0, .125f, .25f, .375f, .5f, .625f, .75f, .875f, 1], row[32..41]);
        Assert.All(row[40..64], value => Assert.Equal(1, value));
        Assert.Equal([1, 1.125f], row[64..66]);
    }

    [Fact]
    public void TilesLeaveNothingBehind()
    {
        using var noGradient = no_grad();
        using CogVideoXAutoencoder model = Model();
        using Tensor latents = zeros([1, 4, 3, 11, 7]);
        model.DecodeInTiles(latents).Dispose();
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        model.DecodeInTiles(latents).Dispose();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static CogVideoXAutoencoder Model()
    {
        CogVideoXAutoencoder model = new(Small);
        using var noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            Initialisation.Normal(parameter, 1 / Math.Sqrt(Math.Max(1, parameter.NumberOfElements / parameter.shape[0])), new RandomStream(1, name));
        }

        model.eval();
        return model;
    }

    private static Tensor Larger(Tensor latents) => latents.repeat_interleave(8, 3).repeat_interleave(8, 4);

    /// <summary>All tiles first, then each faded with its blended neighbours, row by row and column by column, and cropped.</summary>
    private static Tensor Reference(Tensor latents, Func<Tensor, Tensor> decode, (int Rows, int Columns) tile, (int Rows, int Columns) pixels)
    {
        (int stepRows, int stepColumns) = ((int)(tile.Rows * (1 - (1.0 / 6))), (int)(tile.Columns * (1 - (1.0 / 5))));
        (int fadeRows, int fadeColumns) = ((int)(pixels.Rows / 6.0), (int)(pixels.Columns / 5.0));
        List<List<Tensor>> tiles = [];
        for (int row = 0; row < latents.shape[3]; row += stepRows)
        {
            tiles.Add([]);
            for (int column = 0; column < latents.shape[4]; column += stepColumns)
            {
                tiles[^1].Add(decode(latents.slice(3, row, Math.Min(row + tile.Rows, latents.shape[3]), 1).slice(4, column, Math.Min(column + tile.Columns, latents.shape[4]), 1)));
            }
        }

        List<Tensor> rows = [];
        for (int i = 0; i < tiles.Count; i++)
        {
            List<Tensor> kept = [];
            for (int j = 0; j < tiles[i].Count; j++)
            {
                Tensor own = tiles[i][j];
                if (i > 0)
                {
                    Blend(tiles[i - 1][j], own, 3, fadeRows);
                }

                if (j > 0)
                {
                    Blend(tiles[i][j - 1], own, 4, fadeColumns);
                }

                kept.Add(own.slice(3, 0, Math.Min(own.shape[3], pixels.Rows - fadeRows), 1).slice(4, 0, Math.Min(own.shape[4], pixels.Columns - fadeColumns), 1));
            }

            rows.Add(cat([.. kept], 4));
        }

        return cat([.. rows], 3);

        static void Blend(Tensor before, Tensor own, int axis, long extent)
        {
            long count = Math.Min(extent, Math.Min(before.shape[axis], own.shape[axis]));
            for (long k = 0; k < count; k++)
            {
                Tensor line = own.select(axis, k);
                line.copy_((before.select(axis, before.shape[axis] - count + k) * (1 - (k / (double)count))) + (line * (k / (double)count)));
            }
        }
    }
}
