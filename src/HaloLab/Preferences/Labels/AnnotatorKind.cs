namespace HaloLab.Preferences.Labels;

/// <summary>What kind of annotator gave a label; simulated ones are never mixed up with people.</summary>
public enum AnnotatorKind
{
    Human,

    /// <summary>A model: a teacher's snapshot, a scorer.</summary>
    Model,

    /// <summary>The toy world's simulated teacher and annotators.</summary>
    Simulated,
}
