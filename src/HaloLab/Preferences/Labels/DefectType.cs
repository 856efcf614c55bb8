using System.Text.Json.Serialization;

namespace HaloLab.Preferences.Labels;

/// <summary>What is wrong in a patch or a clip.</summary>
public enum DefectType
{
    /// <summary>Looked at, and nothing is wrong.</summary>
    None,
    Deformed,
    Blurred,
    Flickering,
    Duplicated,
    Missing,

    [JsonStringEnumMemberName("physically wrong")]
    PhysicallyWrong,

    [JsonStringEnumMemberName("text garbled")]
    TextGarbled,
}
