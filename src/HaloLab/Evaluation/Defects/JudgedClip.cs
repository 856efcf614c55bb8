using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>What was said of a clip and of its patches.</summary>
/// <param name="Name">Its file, or another name of it.</param>
/// <param name="Prompt">What it was made from: the independent unit.</param>
/// <param name="Grid">The patches.</param>
/// <param name="Qualities">Of each patch in the order t, h, w; higher is better, NaN where nobody judged it.</param>
/// <param name="VideoScore">Score of the clip as a whole; higher is better.</param>
/// <param name="Kinds">What is wrong in each patch, null where nobody named it; null where kinds are not asked for.</param>
public sealed record JudgedClip(string Name, string Prompt, PatchGrid Grid, IReadOnlyList<double> Qualities, double VideoScore, IReadOnlyList<DefectType?>? Kinds = null);
