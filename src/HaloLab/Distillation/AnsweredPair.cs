using System.Text.Json;
using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>What an answer says about one patch of two videos, one entry for each <see cref="GradeDimension"/> in its order.</summary>
/// <param name="Better">A for the video that was shown first.</param>
/// <param name="Confidences">0 .. 1.</param>
/// <param name="Reasons">In the teacher's words.</param>
internal sealed record AnsweredPair(PairChoice[] Better, double[] Confidences, string[] Reasons)
{
    /// <summary>Reads the text of an answer to a request about <paramref name="count"/> patches, numbered from 1.</summary>
    /// <exception cref="JsonException">It does not keep to the schema, or does not name every patch once; the message says what.</exception>
    public static IReadOnlyList<AnsweredPair> Parse(string text, int count) => AnswerReader.Patches(text, count, (_, dimensions) => new AnsweredPair(
        [.. dimensions.Select(Choice)],
        [.. dimensions.Select(AnswerReader.Confidence)],
        [.. dimensions.Select(AnswerReader.Reason)]));

    private static PairChoice Choice(JsonElement dimension) => AnswerReader.Property(dimension, "better", JsonValueKind.String).GetString() switch
    {
        "video 1" => PairChoice.A,
        "video 2" => PairChoice.B,
        "same" => PairChoice.Same,
        string other => throw new JsonException($"better is '{other}', expected video 1, video 2 or same"),
        null => throw new JsonException("better is null"),
    };
}
