using System.Globalization;
using static TorchSharp.torch;

namespace HaloLab.Tests.Goldens;

/// <summary>Comparisons of tensors that say where and by how much they differ.</summary>
public static class TensorAssert
{
    /// <summary>Largest absolute difference at most <paramref name="absolute"/> + <paramref name="relative"/> × largest expected magnitude.</summary>
    public static void Close(Tensor expected, Tensor actual, double absolute, double relative = 0, string what = "")
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
        if (expected.NumberOfElements == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        Tensor expected64 = expected.detach().to(ScalarType.Float64);
        Tensor difference = (expected64 - actual.detach().cpu().to(ScalarType.Float64)).abs();
        double limit = absolute + (relative * expected64.abs().max().item<double>());
        double largest = difference.max().item<double>();
        if (!(largest <= limit))
        {
            long index = difference.flatten().argmax().item<long>();
            double wanted = expected64.flatten()[index].item<double>();
            double got = actual.detach().cpu().to(ScalarType.Float64).flatten()[index].item<double>();
            Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{what}: largest difference {largest:g6} at flat index {index} (expected {wanted:g9}, got {got:g9}), limit {limit:g6}"));
        }
    }

    /// <summary>Same shape, type and bits.</summary>
    public static void Identical(Tensor expected, Tensor actual, string what = "")
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
        Assert.Equal(expected.dtype, actual.dtype);
        using Tensor first = expected.detach().cpu().contiguous();
        using Tensor second = actual.detach().cpu().contiguous();
        Assert.True(first.NumberOfElements == 0 || first.bytes.SequenceEqual(second.bytes), $"{what}: the bits differ");
    }
}
