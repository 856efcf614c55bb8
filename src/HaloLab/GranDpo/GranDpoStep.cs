namespace HaloLab.GranDpo;

/// <summary>What one training step did.</summary>
/// <param name="Metrics">The objective's metrics, before the update.</param>
/// <param name="GradientNorm">Global L2 norm of the gradient before clipping.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
public sealed record GranDpoStep(GranDpoMetrics Metrics, double GradientNorm, double LearningRate);
