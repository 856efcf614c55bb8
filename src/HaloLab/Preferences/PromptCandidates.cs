namespace HaloLab.Preferences;

/// <summary>The clips that were generated for one prompt.</summary>
public sealed record PromptCandidates(string Prompt, IReadOnlyList<Candidate> Candidates);
