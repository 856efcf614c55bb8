namespace HaloLab.Experiments;

/// <summary>A line of a worker.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="IsAnswer">Whether it came on stdout, where answers do.</param>
/// <param name="Text">The line; null when there will be no more.</param>
internal sealed record WorkerLine(WorkerProcess Worker, bool IsAnswer, string? Text);
