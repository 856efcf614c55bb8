namespace HaloLab.Experiments;

/// <summary>A clip that is to be scored.</summary>
/// <param name="File">Its file.</param>
/// <param name="Prompt">What it should show.</param>
/// <param name="Control">A change made to it.</param>
public sealed record ClipToScore(string File, string Prompt, ClipControl Control = ClipControl.None);
