using System.Text.Json.Serialization;
using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>
/// What a patch is graded on: VideoScore's five dimensions (He et al. 2024, arXiv 2406.15252), and how free of local defects it is. The teacher's answers
/// have the names in snake case, for example <c>text_to_video_alignment</c>; files have them as the paper does.
/// </summary>
public enum GradeDimension
{
    [JsonStringEnumMemberName("visual quality")]
    VisualQuality,

    [JsonStringEnumMemberName("temporal consistency")]
    TemporalConsistency,

    [JsonStringEnumMemberName("dynamic degree")]
    DynamicDegree,

    [JsonStringEnumMemberName("text-to-video alignment")]
    TextToVideoAlignment,

    [JsonStringEnumMemberName("factual consistency")]
    FactualConsistency,

    /// <summary>5 is free of defects, 1 is spoiled; <see cref="DefectType"/> says by what.</summary>
    [JsonStringEnumMemberName("local defect")]
    LocalDefect,
}
