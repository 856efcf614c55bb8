using System.Text.Json.Nodes;

namespace HaloLab.Experiments;

/// <summary>The file <c>begun.json</c> of an unfinished stage: what it was when it began. The folder's name holds a hash of it; this says what is in the hash.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Version">The stage's version.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Inputs">Output hash of each input stage by name.</param>
/// <param name="HaloLab">Version of HaloLab that began it; the folder's name does not depend on it.</param>
public sealed record StageBeginning(string Name, int Version, JsonObject Settings, SortedDictionary<string, string> Inputs, string HaloLab)
{
    public const string FileName = "begun.json";

    /// <exception cref="InputException">The file is missing or broken.</exception>
    public static StageBeginning Read(string stageFolder) => JsonFile.Read<StageBeginning>(Path.Combine(stageFolder, FileName));
}
