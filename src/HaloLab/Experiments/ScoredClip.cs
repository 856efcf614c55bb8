namespace HaloLab.Experiments;

/// <summary>What one scorer said of one clip.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="Scores">A score for each of the scorer's dimensions; null where the clip could not be scored.</param>
/// <param name="Reason">Why it could not be scored, or null.</param>
/// <param name="Patches">Rewards of its patches in the order t, h, w, from a scorer that gives them.</param>
/// <param name="Remark">What was done to the clip's frames when it was read (<see cref="Videos.VideoFile.ReadWithRemarkAsync"/>); empty when nothing was.</param>
/// <param name="Frames">Frames of the clip; 0 where it has no scores.</param>
public sealed record ScoredClip(ClipToScore Clip, IReadOnlyList<double>? Scores, string? Reason, IReadOnlyList<double>? Patches = null, string Remark = "", int Frames = 0);
