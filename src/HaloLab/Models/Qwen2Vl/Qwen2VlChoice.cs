namespace HaloLab.Models.Qwen2Vl;

/// <summary>Which of the given texts a model continues with.</summary>
/// <param name="Index">Place in the list.</param>
/// <param name="Share">Its probability, where wherever texts part only those left are possible: 0 to 1.</param>
public readonly record struct Qwen2VlChoice(int Index, double Share);
