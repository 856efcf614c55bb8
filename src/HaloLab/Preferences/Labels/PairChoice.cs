using System.Text.Json.Serialization;

namespace HaloLab.Preferences.Labels;

/// <summary>What was said about a pair of clips. A tie is an answer (DESIGN D5), not a missing one.</summary>
public enum PairChoice
{
    /// <summary>The first clip (<see cref="Label.Clip"/>) is better.</summary>
    [JsonStringEnumMemberName("A")]
    A,

    /// <summary>The second clip (<see cref="Label.OtherClip"/>) is better.</summary>
    [JsonStringEnumMemberName("B")]
    B,

    /// <summary>Neither is better.</summary>
    [JsonStringEnumMemberName("same")]
    Same,
}
