using CsCheck;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Statistics;

/// <summary>Random numbers are named, so in what order and in what company they are drawn changes none of them (DESIGN D6).</summary>
public class StreamPropertyTests
{
    private static readonly Gen<(long Seed, int Count, int Size)> Any = Gen.Select(Gen.Long[0, 1_000_000_000], Gen.Int[1, 12], Gen.Int[1, 5], (seed, count, size) => (seed, count, size));

    [Fact]
    public void StreamsDoNotDependOnTheOrderInWhichTheyAreDrawn() => Any.Sample(drawn =>
    {
        (long seed, int count, int size) = drawn;
        ulong[][] oneAfterTheOther = [.. Enumerable.Range(0, count).Select(index =>
        {
            RandomStream stream = new(seed, "property", index);
            return Enumerable.Range(0, size).Select(_ => stream.NextUInt64()).ToArray();
        })];

        // All at once, backwards, a number of each in turn.
        RandomStream[] streams = [.. Enumerable.Range(0, count).Select(index => new RandomStream(seed, "property", index))];
        List<ulong>[] inTurn = [.. streams.Select(_ => new List<ulong>())];
        for (int number = 0; number < size; number++)
        {
            for (int index = count - 1; index >= 0; index--)
            {
                inTurn[index].Add(streams[index].NextUInt64());
            }
        }

        Assert.Equal(oneAfterTheOther, inTurn.Select(list => list.ToArray()));
        Assert.Equal(count, oneAfterTheOther.Select(numbers => numbers[0]).Distinct().Count());
    });

    [Fact]
    public void NoiseOfARowDoesNotDependOnItsBatch() => Any.Sample(
        drawn =>
        {
            using var scope = NewDisposeScope();
            (long seed, int count, int size) = drawn;
            long[] seeds = [.. Enumerable.Range(0, count).Select(row => seed + row)];
            Tensor whole = GaussianNoise.DrawBatch(seeds, "property", 3, [2, size]);
            int first = count / 2;
            TensorAssert.Identical(whole.narrow(0, first, count - first), GaussianNoise.DrawBatch(seeds[first..], "property", 3, [2, size]));
            TensorAssert.Identical(whole.flip(0), GaussianNoise.DrawBatch([.. seeds.Reverse()], "property", 3, [2, size]));
        },
        threads: 1);

    [Fact]
    public void PairsComeInTheSameOrderWhateverTheBatch() => Any.Sample(drawn =>
    {
        (long seed, int pairs, int size) = drawn;
        (int Pair, int Draw)[] one = [.. Enumerable.Range(0, 60).Select(step => Assert.Single(new PairSampler(seed, pairs, 1, 3).Batch(step)))];
        PairSampler sampler = new(seed, pairs, size, 3);

        // Backwards: a step that is asked for again, as by a resumed run, says the same.
        foreach (int step in Enumerable.Range(0, 60 / size).Reverse())
        {
            Assert.Equal(one[(step * size)..((step + 1) * size)], sampler.Batch(step));
        }

        Assert.Equal(Enumerable.Range(0, pairs), one[..pairs].Select(item => item.Pair).Order());
    });

    [Fact]
    public void LabelsComeInTheSameOrderWhateverTheBatch() => Any.Sample(drawn =>
    {
        (long seed, int count, int size) = drawn;
        int[] places = [.. Enumerable.Range(0, count).Select(place => 10 * place)];
        int[] one = [.. Enumerable.Range(0, 60).SelectMany(step => new EpochOrder(seed, "property", places).Batch(step, 1))];
        EpochOrder order = new(seed, "property", places);
        foreach (int step in Enumerable.Range(0, 60 / size).Reverse())
        {
            Assert.Equal(one[(step * size)..((step + 1) * size)], order.Batch(step, size));
        }
    });
}
