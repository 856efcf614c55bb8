using System.Text.Json.Nodes;

namespace HaloLab.Experiments;

/// <summary>
/// One arrow of the data flow: named work from input stages to a folder of files. Two stages with the same name, version, settings and input
/// contents are the same stage, wherever and whenever they run; whoever comes first computes, the others read (<see cref="RunStore"/>).
/// </summary>
/// <param name="Name">Lower-case words with dashes, for example <c>reward-model</c>; the folder starts with it.</param>
/// <param name="Version">Raised when the work gives other results for the same settings.</param>
/// <param name="Settings">Everything that the result depends on beside the inputs: seeds, sizes, thresholds.</param>
/// <param name="Inputs">Stages whose folders the work reads; one that is named twice counts once.</param>
/// <param name="ExpectedSeconds">Rough cost on two cores, used for the time left only.</param>
/// <param name="Work">
/// Reads <see cref="StageContext.Input"/> folders and writes files into <see cref="StageContext.Folder"/>. It must give the same files again
/// when it is killed at any moment and called again on the folder that it left, and lose at most 20 s of work.
/// </param>
public sealed record Stage(string Name, int Version, JsonObject Settings, IReadOnlyList<Stage> Inputs, double ExpectedSeconds, Action<StageContext> Work);
