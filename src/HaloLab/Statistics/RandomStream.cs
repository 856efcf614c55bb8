using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace HaloLab.Statistics;

/// <summary>
/// A named stream of random numbers (DESIGN D6): its seed is SHA-256 over the UTF-8 text "run seed / purpose / index", so the numbers
/// depend on what they are for and never on the order, the process or the batch in which they are drawn.
/// </summary>
/// <remarks>
/// The generator is xoshiro256** (Blackman and Vigna 2021), 256 bits of state. torch's CPU generator keeps 32 bits of a seed, too few for
/// the number of streams of a run; drawing here also keeps the numbers independent of the version of torch.
/// </remarks>
public sealed class RandomStream : Random
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;
    private double _spareGaussian = double.NaN;

    /// <param name="runSeed">The seed of the run.</param>
    /// <param name="purpose">What the numbers are for, for example <c>"training noise"</c>.</param>
    /// <param name="index">Which of the many things of that purpose: a step, a clip, a prompt.</param>
    public RandomStream(long runSeed, string purpose, long index = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{runSeed}/{purpose}/{index}")));
        _s0 = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        _s1 = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(8));
        _s2 = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(16));
        _s3 = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(24));
    }

    /// <summary>A uniform 64-bit number.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), a multiple of 2⁻⁵³.</summary>
    public override double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <inheritdoc/>
    public override float NextSingle() => (NextUInt64() >> 40) * (1.0f / (1U << 24));

    /// <summary>Uniform in 0 .. <paramref name="maxValue"/> − 1, without bias (Lemire 2019).</summary>
    public override long NextInt64(long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxValue);
        ulong range = (ulong)maxValue;
        ulong threshold = (0UL - range) % range;
        while (true)
        {
            ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
            if (low >= threshold)
            {
                return (long)high;
            }
        }
    }

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue) => minValue + NextInt64(checked(maxValue - minValue));

    /// <inheritdoc/>
    public override long NextInt64() => NextInt64(long.MaxValue);

    /// <inheritdoc/>
    public override int Next() => (int)NextInt64(int.MaxValue);

    /// <inheritdoc/>
    public override int Next(int maxValue) => (int)NextInt64(maxValue);

    /// <inheritdoc/>
    public override int Next(int minValue, int maxValue) => (int)NextInt64(minValue, maxValue);

    /// <inheritdoc/>
    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    /// <inheritdoc/>
    public override void NextBytes(Span<byte> buffer)
    {
        foreach (ref byte value in buffer)
        {
            value = (byte)(NextUInt64() >> 56);
        }
    }

    /// <summary>Normal with mean 0 and standard deviation 1 (Marsaglia's polar method).</summary>
    public double NextGaussian()
    {
        if (!double.IsNaN(_spareGaussian))
        {
            double spare = _spareGaussian;
            _spareGaussian = double.NaN;
            return spare;
        }

        while (true)
        {
            double u = (2.0 * NextDouble()) - 1.0;
            double v = (2.0 * NextDouble()) - 1.0;
            double square = (u * u) + (v * v);
            if (square is > 0.0 and < 1.0)
            {
                double scale = Math.Sqrt(-2.0 * Math.Log(square) / square);
                _spareGaussian = v * scale;
                return u * scale;
            }
        }
    }

    /// <inheritdoc/>
    protected override double Sample() => NextDouble();
}
