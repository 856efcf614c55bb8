namespace HaloLab.Annotation;

/// <summary>Which of the two clips that are shown is better.</summary>
public enum Side
{
    Left,
    Right,

    /// <summary>Neither: an answer, not a missing one.</summary>
    Same,
}
