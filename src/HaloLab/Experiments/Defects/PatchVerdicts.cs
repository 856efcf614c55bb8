using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Experiments.Defects;

/// <summary>What a judge says of the patches of clips.</summary>
/// <param name="Judge">Who, in words.</param>
/// <param name="Grid">The patches.</param>
/// <param name="Scale">The worst and the best that a patch can be; null where there are no ends.</param>
/// <param name="Clips">By file: the quality of each patch in the order t, h, w, NaN where it was not judged, and what is wrong in it, where kinds are named.</param>
public sealed record PatchVerdicts(
    string Judge,
    PatchGrid Grid,
    (double Worst, double Best)? Scale,
    IReadOnlyDictionary<string, (IReadOnlyList<double> Qualities, IReadOnlyList<DefectType?>? Kinds)> Clips);
