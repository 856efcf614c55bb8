using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>
/// In which of two clips of one prompt a patch is better in one dimension (DESIGN D5), asked twice with the clips in both orders. What is not known is null and
/// left out of files.
/// </summary>
public sealed record PairLabel
{
    /// <summary>Content hash of clip A.</summary>
    public required string Clip { get; init; }

    /// <summary>Content hash of clip B.</summary>
    public required string OtherClip { get; init; }

    /// <summary>What both were made from.</summary>
    public required string Prompt { get; init; }

    /// <summary>The patch grid, for example <c>4x4x4</c>.</summary>
    public required string Grid { get; init; }

    /// <summary>The cell in the order time, height, width (width fastest).</summary>
    public required int Cell { get; init; }

    public required GradeDimension Dimension { get; init; }

    /// <summary>The answer in both orders; where the two contradict each other, <see cref="PairChoice.Same"/>. Null where either was refused.</summary>
    public PairChoice? Choice { get; init; }

    /// <summary><c>refused</c> where there is no choice.</summary>
    public string? Unanswered => Choice is null ? "refused" : null;

    /// <summary>The answer when A was shown first.</summary>
    public PairChoice? ChoiceInOrder { get; init; }

    /// <summary>The answer when B was shown first.</summary>
    public PairChoice? ChoiceSwapped { get; init; }

    /// <summary>The teacher's own, 0 .. 1: the lower of the two.</summary>
    public double? Confidence { get; init; }

    /// <summary>The teacher's own words when A was shown first; for a refusal, why.</summary>
    public string? Reason { get; init; }

    /// <summary>The snapshot of the model that answered.</summary>
    public required string Annotator { get; init; }

    /// <summary><c>simulated</c> or <c>model</c>.</summary>
    public string AnnotatorKind => Annotator.StartsWith("simulated", StringComparison.Ordinal) ? "simulated" : "model";

    /// <summary>When the later answer came.</summary>
    public required DateTimeOffset AnsweredAt { get; init; }

    /// <summary>Hash of the prompt template and answer schema.</summary>
    public required string TemplateHash { get; init; }

    /// <summary>Identifiers of both responses, the order A, B first.</summary>
    public required string ResponseId { get; init; }
}
