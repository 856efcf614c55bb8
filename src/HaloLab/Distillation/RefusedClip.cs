namespace HaloLab.Distillation;

/// <summary>A clip that is not sent to a teacher.</summary>
/// <param name="Path">The file.</param>
/// <param name="Problem">Why not.</param>
public sealed record RefusedClip(string Path, string Problem);
