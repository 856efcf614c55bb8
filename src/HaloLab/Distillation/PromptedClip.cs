namespace HaloLab.Distillation;

/// <summary>A video file and what it was made from.</summary>
/// <param name="Path">Full path of the file.</param>
/// <param name="Prompt">The prompt.</param>
public sealed record PromptedClip(string Path, string Prompt);
