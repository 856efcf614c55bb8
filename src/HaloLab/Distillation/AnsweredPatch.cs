using System.Text.Json;
using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>The grades of one patch in an answer, one for each <see cref="GradeDimension"/> in its order.</summary>
/// <param name="Grades">1 .. 5.</param>
/// <param name="Confidences">0 .. 1.</param>
/// <param name="Reasons">In the teacher's words.</param>
/// <param name="Defect">Kind of the worst defect.</param>
internal sealed record AnsweredPatch(int[] Grades, double[] Confidences, string[] Reasons, DefectType Defect)
{
    private static readonly Dictionary<string, DefectType> Defects = Enum.GetValues<DefectType>().ToDictionary(NameOf);

    /// <summary>What a kind of defect is called in answers.</summary>
    public static string NameOf(DefectType type) => JsonNamingPolicy.SnakeCaseLower.ConvertName(type.ToString());

    /// <summary>Reads the text of an answer to a request about <paramref name="count"/> patches, numbered from 1.</summary>
    /// <exception cref="JsonException">It does not keep to the schema, or does not name every patch once; the message says what.</exception>
    public static IReadOnlyList<AnsweredPatch> Parse(string text, int count) => AnswerReader.Patches(text, count, (patch, dimensions) => new AnsweredPatch(
        [.. dimensions.Select(dimension => AnswerReader.Whole(dimension, "grade", 1, 5))],
        [.. dimensions.Select(AnswerReader.Confidence)],
        [.. dimensions.Select(AnswerReader.Reason)],
        DefectOf(patch)));

    private static DefectType DefectOf(JsonElement patch)
    {
        string name = AnswerReader.Property(patch, "defect_type", JsonValueKind.String).GetString()!;
        return Defects.TryGetValue(name, out DefectType type) ? type : throw new JsonException($"unknown defect type '{name}'");
    }
}
