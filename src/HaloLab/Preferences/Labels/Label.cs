using System.Globalization;
using HaloLab.Videos;

namespace HaloLab.Preferences.Labels;

/// <summary>
/// One answer to one question, with where it comes from (DESIGN D5). The question is everything but the answer: clip, other clip, prompt, grid,
/// cell, dimension, annotator, template and response. The answer is one of: a value, a choice between two clips, a defect, or that there is none
/// (<see cref="Unanswered"/>). What is not known is null, never 0.
/// </summary>
/// <remarks>Two answers of one annotator to the same question, asked twice, are told apart by <see cref="ResponseId"/>.</remarks>
public sealed record Label
{
    /// <summary>
    /// The clip: its content hash (<see cref="VideoClip.ContentHash"/>, 64 hexadecimal digits), or <c>SOURCE:NAME</c> where only a published name is known.
    /// </summary>
    public required string Clip { get; init; }

    /// <summary>The second clip (B) of a pair, or null for a label of one clip.</summary>
    public string? OtherClip { get; init; }

    /// <summary>What the clip should show; empty where it was made from an empty prompt, null where the prompt is not known.</summary>
    public string? Prompt { get; init; }

    /// <summary>The grid that <see cref="Cell"/> counts on, or null for a label of the whole video.</summary>
    public PatchGrid? Grid { get; init; }

    /// <summary>The patch, from 0, in the order t, h, w (w fastest); null for the whole video.</summary>
    public int? Cell { get; init; }

    /// <summary>What was judged, as its source names it: <c>visual quality</c>, <c>VQ</c>, <c>local defect</c>.</summary>
    public required string Dimension { get; init; }

    /// <summary>The grade or score.</summary>
    public double? Value { get; init; }

    /// <summary>The scale of <see cref="Value"/>; null where it has no ends, as a regression's output.</summary>
    public RatingScale? Scale { get; init; }

    /// <summary>Which clip of a pair is better.</summary>
    public PairChoice? Choice { get; init; }

    /// <summary>What is wrong; beside a value, or alone.</summary>
    public DefectType? Defect { get; init; }

    /// <summary>Why there is no answer; with it, <see cref="Value"/>, <see cref="Choice"/>, <see cref="Defect"/> and <see cref="Confidence"/> are null.</summary>
    public Unanswered? Unanswered { get; init; }

    /// <summary>How sure the annotator is, 0 to 1.</summary>
    public double? Confidence { get; init; }

    /// <summary>The annotator's reason in its own words; for a refusal, why.</summary>
    public string? Reason { get; init; }

    /// <summary>Model snapshot or annotator id.</summary>
    public required string Annotator { get; init; }

    public required AnnotatorKind AnnotatorKind { get; init; }

    /// <summary>When it was answered, in UTC to the microsecond; null where the source does not say.</summary>
    public DateTimeOffset? AnsweredAt
    {
        get;
        init => field = value is { } time ? new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero) : null;
    }

    /// <summary>SHA-256 of the prompt template that asked, in lower-case hexadecimal.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>The raw response that it was read from, or any other name of one act of answering.</summary>
    public string? ResponseId { get; init; }

    /// <summary>Whether both say the same; who asked, and when, is not part of it.</summary>
    public bool HasSameAnswer(Label other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Value, Scale, Choice, Defect, Unanswered, Confidence, Reason) == (other.Value, other.Scale, other.Choice, other.Defect, other.Unanswered, other.Confidence, other.Reason);
    }

    /// <summary>The answer in words, for messages: <c>3 on whole grades from 1 (worst) to 5 (best)</c>.</summary>
    public string AnswerText() => string.Join(", ", new[]
    {
        Value is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value}{(Scale is { } scale ? $" on {scale}" : "")}") : null,
        Choice is { } choice ? LabelText.Choices[choice] : null,
        Defect is { } defect ? $"defect {LabelText.Defects[defect]}" : null,
        Unanswered is { } unanswered ? LabelText.Unanswered[unanswered] : null,
        Confidence is { } confidence ? string.Create(CultureInfo.InvariantCulture, $"confidence {confidence}") : null,
        Reason is null ? null : $"'{Reason}'",
    }.OfType<string>());

    /// <summary>The question in words, for messages.</summary>
    public string QuestionText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Dimension} of {Clip}{(OtherClip is null ? "" : $" against {OtherClip}")}{(Cell is { } cell ? $", cell {cell} of {Grid}" : "")}, by {Annotator}{(ResponseId is null ? "" : $" (response {ResponseId})")}");

    /// <summary>Checks that the label says one thing and says it whole.</summary>
    /// <exception cref="InputException">It does not; the message names the field and what was expected.</exception>
    public void Validate()
    {
        RequireClip(LabelFields.Clip, Clip);
        RequireText(LabelFields.Dimension, Dimension);
        RequireText(LabelFields.Annotator, Annotator);
        foreach ((string field, string? text) in new[] { (LabelFields.Prompt, Prompt), (LabelFields.Reason, Reason), (LabelFields.ResponseId, ResponseId) })
        {
            Require(text is null || IsText(text), field, "holds half a character", "text that UTF-8 can hold");
        }

        Require(ResponseId is null || ResponseId.Length > 0, LabelFields.ResponseId, "is empty", "a name, or nothing");
        Require(TemplateHash is null || IsHash(TemplateHash), LabelFields.TemplateHash, $"is '{TemplateHash}'", "64 lower-case hexadecimal digits (SHA-256)");
        if (OtherClip is not null)
        {
            RequireClip(LabelFields.OtherClip, OtherClip);
            Require(OtherClip != Clip, LabelFields.OtherClip, "is the clip itself", "two different clips");
        }

        Require(Grid is null == Cell is null, Grid is null ? LabelFields.Grid : LabelFields.Cell, "is missing", "grid and cell together, or neither for the whole video");
        Require(Cell is not { } cell || (cell >= 0 && cell < Grid!.Value.Count), LabelFields.Cell, $"is {Cell}", $"a cell of {Grid}: 0 to {(Grid?.Count ?? 0) - 1}");
        ValidateAnswer();
    }

    private void ValidateAnswer()
    {
        int answers = (Value is null ? 0 : 1) + (Choice is null ? 0 : 1) + (Unanswered is null ? 0 : 1) + (Value is null && Defect is not null ? 1 : 0);
        Require(answers == 1, LabelFields.Value, answers == 0 ? "and every other answer are missing" : "is one of several answers", "one of value, choice, defect and unanswered (a defect may stand beside a value)");
        Require(Value is not { } number || double.IsFinite(number), LabelFields.Value, $"is {Value}", "a finite number");
        Require(Scale is null || Value is not null, LabelFields.Value, "is missing", "a value where a scale is given");
        Require(Value is not { } value || Scale is not { } scale || scale.Holds(value), LabelFields.Value, string.Create(CultureInfo.InvariantCulture, $"is {Value}"), Scale?.ToString() ?? "");
        Require(Choice is null || OtherClip is not null, LabelFields.OtherClip, "is missing", "the second clip of the choice");
        Require(OtherClip is null || Choice is not null || Unanswered is not null, LabelFields.Choice, "is missing", "A, B or same for a pair of clips");
        Require(Confidence is not { } sure || (sure >= 0 && sure <= 1), LabelFields.Confidence, string.Create(CultureInfo.InvariantCulture, $"is {Confidence}"), "a number from 0 to 1");
        Require(Unanswered is null || Confidence is null, LabelFields.Confidence, "is given", "no confidence where there is no answer");
        Require(Unanswered != Labels.Unanswered.Refused || !string.IsNullOrWhiteSpace(Reason), LabelFields.Reason, "is missing", "why it was refused");
    }

    internal static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static bool IsText(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
            {
                return false;
            }
        }

        return true;
    }

    private static void RequireClip(string field, string clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        int colon = clip.IndexOf(':', StringComparison.Ordinal);
        Require(IsHash(clip) || (colon > 0 && colon < clip.Length - 1 && IsText(clip)), field, $"is '{clip}'", "a content hash (64 lower-case hexadecimal digits) or SOURCE:NAME");
    }

    private static void RequireText(string field, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Require(!string.IsNullOrWhiteSpace(text) && text == text.Trim() && IsText(text), field, $"is '{text}'", "a name without blanks around it");
    }

    private static void Require(bool isRight, string field, string what, string expected)
    {
        if (!isRight)
        {
            throw new InputException($"{field} {what}. Expected {expected}.");
        }
    }
}
