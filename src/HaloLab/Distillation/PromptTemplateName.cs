namespace HaloLab.Distillation;

/// <summary>Which texts a teacher is asked with.</summary>
/// <param name="Name">For example <c>crops.v1</c>.</param>
/// <param name="Hash">SHA-256 over system text, request text and answer schema.</param>
public sealed record PromptTemplateName(string Name, string Hash);
