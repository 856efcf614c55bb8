using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>One grade of one patch in one dimension, with where it comes from (DESIGN D5). What is not known is null and left out of files.</summary>
public sealed record TeacherLabel
{
    /// <summary>The clip's content hash.</summary>
    public required string Clip { get; init; }

    /// <summary>What the clip was made from.</summary>
    public required string Prompt { get; init; }

    /// <summary>The patch grid, for example <c>4x4x4</c>.</summary>
    public required string Grid { get; init; }

    /// <summary>The cell in the order time, height, width (width fastest).</summary>
    public required int Cell { get; init; }

    public required GradeDimension Dimension { get; init; }

    /// <summary>The grade, null where there is none (<see cref="Unanswered"/> says why); never 0.</summary>
    public double? Value { get; init; }

    /// <summary>The lowest grade of the scale, with a value.</summary>
    public int? ScaleWorst { get; init; }

    /// <summary>The highest grade of the scale, with a value.</summary>
    public int? ScaleBest { get; init; }

    /// <summary>Whether grades are whole, with a value.</summary>
    public bool? ScaleWhole { get; init; }

    /// <summary><c>refused</c> where there is no value: the teacher declined, or a content filter stopped question or answer. Null beside a value.</summary>
    public string? Unanswered => Value is null ? "refused" : null;

    /// <summary>Kind of the defect, with the dimension <see cref="GradeDimension.LocalDefect"/> only.</summary>
    public DefectType? Defect { get; init; }

    /// <summary>The teacher's own, 0 .. 1.</summary>
    public double? Confidence { get; init; }

    /// <summary>The teacher's own words; for a refusal, why.</summary>
    public string? Reason { get; init; }

    /// <summary>The snapshot of the model that answered, or the name of a simulated teacher.</summary>
    public required string Annotator { get; init; }

    /// <summary><c>simulated</c> or <c>model</c>.</summary>
    public string AnnotatorKind => Annotator.StartsWith("simulated", StringComparison.Ordinal) ? "simulated" : "model";

    public required DateTimeOffset AnsweredAt { get; init; }

    /// <summary>Hash of the prompt template and answer schema; null where nothing was asked in words.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>Identifier that the service gave the response.</summary>
    public string? ResponseId { get; init; }

    /// <summary>Key of the request in the ledger.</summary>
    public string? Request { get; init; }

    /// <summary>Which showing it is: null for the label itself.</summary>
    public CheckKind? Check { get; init; }

    /// <summary>0, or which grading of the whole clip it belongs to.</summary>
    internal int Repeat { get; init; }

    /// <summary>The label with a grade from 1 to 5.</summary>
    public TeacherLabel WithGrade(int grade) => this with { Value = grade, ScaleWorst = 1, ScaleBest = 5, ScaleWhole = true };
}
