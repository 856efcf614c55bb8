namespace HaloLab.Evaluation.Agreement;

/// <summary>What kind of answers a <see cref="RatingTable"/> holds.</summary>
public enum RatingKind
{
    /// <summary>Whole grades, which are ordered.</summary>
    Grade,

    /// <summary>Numbers on a scale without steps.</summary>
    Score,

    /// <summary>Which clip of a pair is better: 1 for A, 0 for the same, −1 for B.</summary>
    Choice,

    /// <summary>Kinds of defects, which have no order: the number of a <see cref="Preferences.Labels.DefectType"/>.</summary>
    Defect,
}
