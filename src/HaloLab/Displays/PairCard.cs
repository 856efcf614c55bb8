using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>One card of <see cref="PairCards"/>.</summary>
/// <param name="Pair">Prompt and rewards.</param>
/// <param name="A">The clip of the first candidate; null: only its rewards are shown.</param>
/// <param name="B">The clip of the second, given when <paramref name="A"/> is.</param>
public sealed record PairCard(PreferencePair Pair, VideoClip? A = null, VideoClip? B = null);
