using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>What the values of a tensor look like, in float64.</summary>
/// <param name="Minimum">Smallest finite value; NaN where there is none.</param>
/// <param name="Maximum">Largest finite value.</param>
/// <param name="Mean">Mean of the finite values.</param>
/// <param name="StandardDeviation">Their standard deviation, dividing by their number.</param>
/// <param name="NonFinite">How many are NaN or infinite.</param>
public sealed record WeightStatistics(double Minimum, double Maximum, double Mean, double StandardDeviation, long NonFinite)
{
    public static WeightStatistics Of(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using var scope = NewDisposeScope();
        Tensor values_N = tensor.flatten().to(ScalarType.Float64);
        Tensor finite_M = values_N[values_N.isfinite()];
        long count = finite_M.NumberOfElements;
        return count == 0
            ? new WeightStatistics(double.NaN, double.NaN, double.NaN, double.NaN, values_N.NumberOfElements)
            : new WeightStatistics(
                finite_M.min().item<double>(), finite_M.max().item<double>(), finite_M.mean().item<double>(), Math.Sqrt(finite_M.var(unbiased: false).item<double>()), values_N.NumberOfElements - count);
    }
}
