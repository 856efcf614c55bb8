using System.Diagnostics;

namespace HaloLab.Experiments;

/// <summary>Processes that compute stages of one store beside each other for the one that holds it (<see cref="RunStore"/>).</summary>
/// <param name="Count">Most of them at a time, at least 1.</param>
/// <param name="Start">How one is started, with stdin, stdout and stderr redirected. It knows the same stages and serves them (<see cref="StageWorker"/>), with the same number of threads.</param>
/// <param name="Say">Told what they write to stderr, and when one ended that should not have, a line a call.</param>
public sealed record StageWorkers(int Count, ProcessStartInfo Start, Action<string> Say);
