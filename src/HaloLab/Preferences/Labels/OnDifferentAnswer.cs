namespace HaloLab.Preferences.Labels;

/// <summary>What to do with a label that answers a question already answered, differently.</summary>
public enum OnDifferentAnswer
{
    /// <summary>Refuse it and everything written with it.</summary>
    Refuse,

    /// <summary>Write it as a correction: it becomes the current answer, the earlier one stays readable.</summary>
    Supersede,
}
