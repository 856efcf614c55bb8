using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Tests;

/// <summary>
/// A gradient against central differences: along a random direction v through all inputs at once, (L(x + h·v) − L(x − h·v)) / 2h must be ∇L · v. A wrong entry of the gradient shows itself with probability 1.
/// </summary>
internal static class FiniteDifference
{
    private const double H = 1e-5;
    private const double Tolerance = 1e-6;

    /// <summary>Checks the gradient of a loss at a point.</summary>
    /// <param name="loss">From inputs to a scalar, smooth within a few 1e-5 of the point.</param>
    /// <param name="inputs">The point, in float64, without gradients.</param>
    /// <param name="direction">Draws the direction.</param>
    public static void Check(Func<Tensor[], Tensor> loss, Tensor[] inputs, RandomStream direction)
    {
        Tensor[] point = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        loss(point).backward();
        Tensor[] along = [.. inputs.Select(input => Normal(direction, input.shape))];
        double expected = (At(H) - At(-H)) / (2 * H);

        // An input that the loss does not look at has no gradient.
        double actual = point.Zip(along).Sum(pair => pair.First.grad is { } gradient ? (gradient * pair.Second).sum().item<double>() : 0);
        Assert.True(Math.Abs(expected - actual) <= Tolerance * (1 + Math.Abs(expected)), FormattableString.Invariant($"finite difference {expected:g10}, gradient {actual:g10}"));

        double At(double step)
        {
            using var noGradient = no_grad();
            return loss([.. inputs.Zip(along, (input, v) => input + (v * step))]).item<double>();
        }
    }

    /// <summary>Normal numbers in float64.</summary>
    public static Tensor Normal(RandomStream stream, params long[] shape) =>
        tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (product, length) => product * length)).Select(_ => stream.NextGaussian()).ToArray(), shape);
}
