using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Standard normal noise from named streams (DESIGN D6).</summary>
public static class GaussianNoise
{
    /// <summary>A float32 tensor on the CPU, drawn element by element.</summary>
    public static Tensor Draw(RandomStream stream, params long[] shape)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(shape);
        float[] values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)stream.NextGaussian();
        }

        return tensor(values, shape);
    }

    /// <summary>A batch whose every row comes from a stream of its own seed, so that it does not depend on the others.</summary>
    /// <param name="seeds">One seed for each row.</param>
    /// <param name="purpose">Purpose of the streams.</param>
    /// <param name="index">Index of the streams, the same for every row: a sampling step, for example.</param>
    /// <param name="shape">Shape of one row.</param>
    /// <param name="device">Where the batch goes.</param>
    public static Tensor DrawBatch(IReadOnlyList<long> seeds, string purpose, long index, long[] shape, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        using var scope = NewDisposeScope();
        Tensor batch = stack(seeds.Select(seed => Draw(new RandomStream(seed, purpose, index), shape)));
        return (device is null ? batch : batch.to(device)).MoveToOuterDisposeScope();
    }
}
