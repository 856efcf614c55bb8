using System.Text.Json.Nodes;

namespace HaloLab.Experiments;

/// <summary>The file <c>stage.json</c> of a finished stage: what made it and what it holds.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Version">The stage's version.</param>
/// <param name="Key">Hash of name, version, settings and input contents.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Inputs">Output hash of each input stage by name.</param>
/// <param name="Files">SHA-256 of each file by its path below the folder.</param>
/// <param name="OutputHash">Hash over <paramref name="Files"/>.</param>
/// <param name="Seconds">Wall time of the call that finished the stage.</param>
/// <param name="Resumed">True when an earlier call had been interrupted.</param>
public sealed record StageManifest(
    string Name,
    int Version,
    string Key,
    JsonObject Settings,
    SortedDictionary<string, string> Inputs,
    SortedDictionary<string, string> Files,
    string OutputHash,
    double Seconds,
    bool Resumed)
{
    public const string FileName = "stage.json";
}
