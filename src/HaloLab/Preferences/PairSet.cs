namespace HaloLab.Preferences;

/// <summary>Pairs and an account of every combination of clips that did not become one.</summary>
/// <param name="Pairs">In the order of the prompts; within a prompt by falling difference of video rewards.</param>
/// <param name="Considered">All combinations of two clips of a prompt; equals the pairs plus all dropped ones.</param>
/// <param name="Dropped">Number of combinations dropped, by reason; reasons that never applied are left out.</param>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed record PairSet(IReadOnlyList<PreferencePair> Pairs, int Considered, IReadOnlyDictionary<PairDropReason, int> Dropped);
