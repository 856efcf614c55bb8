namespace HaloLab.Distillation;

/// <summary>Two video files that were made from one prompt.</summary>
/// <param name="PathA">Full path of clip A.</param>
/// <param name="PathB">Full path of clip B.</param>
/// <param name="Prompt">The prompt.</param>
public sealed record PromptedPair(string PathA, string PathB, string Prompt);
