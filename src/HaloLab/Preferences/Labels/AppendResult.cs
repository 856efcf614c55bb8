namespace HaloLab.Preferences.Labels;

/// <summary>What became of labels that were written.</summary>
/// <param name="Added">Answers to questions that had none.</param>
/// <param name="Corrected">Answers that superseded a different one.</param>
/// <param name="Repeated">Labels that the store already held; nothing was written for them.</param>
public readonly record struct AppendResult(long Added, long Corrected, long Repeated);
