namespace HaloLab.Evaluation;

/// <summary>The five dimensions of VideoScore (He et al. 2024, arXiv 2406.15252), in its order.</summary>
public enum QualityDimension
{
    /// <summary>How sharp and clean the pictures are.</summary>
    VisualQuality,

    /// <summary>Whether objects stay what they are from frame to frame.</summary>
    TemporalConsistency,

    /// <summary>How much happens.</summary>
    DynamicDegree,

    /// <summary>Whether it shows what the prompt says.</summary>
    TextAlignment,

    /// <summary>Whether it could be so in its world.</summary>
    FactualConsistency,
}
