namespace HaloLab.Evaluation;

/// <summary>How well a model agrees with people, beside how well people agree with each other (claim C1).</summary>
/// <param name="Model">Mean over annotators of the model's agreement with all the others.</param>
/// <param name="Annotators">Mean over annotators of the annotator's own agreement with all the others.</param>
public sealed record AnnotatorComparison(PromptStatistic Model, PromptStatistic Annotators)
{
    /// <summary>Model minus mean annotator: the model is judged against the very references that the annotators are judged against.</summary>
    public PromptStatistic Difference { get; } = Model.Minus(Annotators);
}
