namespace HaloLab.Preferences.Labels;

/// <summary>Names of a label's fields in files and messages. They are a format: a file written today is read tomorrow.</summary>
internal static class LabelFields
{
    public const string Clip = "clip";
    public const string OtherClip = "other_clip";
    public const string Prompt = "prompt";
    public const string Grid = "grid";
    public const string Cell = "cell";
    public const string Dimension = "dimension";
    public const string Value = "value";
    public const string ScaleWorst = "scale_worst";
    public const string ScaleBest = "scale_best";
    public const string ScaleWhole = "scale_whole";
    public const string Choice = "choice";
    public const string Defect = "defect";
    public const string Unanswered = "unanswered";
    public const string Confidence = "confidence";
    public const string Reason = "reason";
    public const string Annotator = "annotator";
    public const string AnnotatorKind = "annotator_kind";
    public const string AnsweredAt = "answered_at";
    public const string TemplateHash = "template_hash";
    public const string ResponseId = "response_id";
    public const string Revision = "revision";
    public const string RecordedAt = "recorded_at";
    public const string Source = "source";
}
