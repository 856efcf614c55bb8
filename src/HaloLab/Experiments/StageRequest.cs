namespace HaloLab.Experiments;

/// <summary>What a <see cref="StageWorker"/> is asked, a line of JSON.</summary>
/// <param name="Stage">Place among the stages that both processes know.</param>
/// <param name="Key">The key that it must have (<see cref="RunStore.KeyOf"/>): the worker may have read a file that has changed since.</param>
/// <param name="Inputs">The finished stages that it reads.</param>
internal sealed record StageRequest(int Stage, string Key, IReadOnlyList<StageResult> Inputs);
