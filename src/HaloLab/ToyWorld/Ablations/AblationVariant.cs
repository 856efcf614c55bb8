using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>The recipe with some settings changed.</summary>
/// <param name="Name">For example <c>without patch rewards</c>.</param>
/// <param name="Set">The changed settings by name (<see cref="AblationField"/>).</param>
/// <param name="Settings">The recipe with them.</param>
internal sealed record AblationVariant(string Name, IReadOnlyDictionary<string, JsonElement> Set, [property: JsonIgnore] ReproductionSettings Settings)
{
    /// <summary>The changes as text, for example <c>lambda = 0, grid = 2x2x2</c>; a dash where there are none.</summary>
    public string Changes() => Set.Count == 0 ? "–" : string.Join(", ", Set.Select(item => $"{item.Key} = {item.Value}"));
}
