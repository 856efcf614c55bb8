namespace HaloLab.Optimisation;

/// <summary>Settings of <see cref="AdamW"/>; the defaults are PyTorch's.</summary>
/// <param name="Beta1">Decay of the first moment, 0 to below 1.</param>
/// <param name="Beta2">Decay of the second moment, 0 to below 1.</param>
/// <param name="Epsilon">Added to the root of the second moment, above 0.</param>
/// <param name="WeightDecay">Decoupled decay λ: every step multiplies the weights by 1 − lr·λ; at least 0.</param>
/// <param name="MaximumGradientNorm">The gradient is scaled down to this global L2 norm; infinity leaves it as it is.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double WeightDecay = 0.01, double MaximumGradientNorm = double.PositiveInfinity);
