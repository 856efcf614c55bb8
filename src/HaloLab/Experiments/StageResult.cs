namespace HaloLab.Experiments;

/// <summary>A finished stage in the store.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Key">Hash of name, version, settings and input contents.</param>
/// <param name="Folder">Where its files lie.</param>
/// <param name="OutputHash">Hash over the names and contents of its files.</param>
/// <param name="Seconds">Wall time of the call that finished it.</param>
/// <param name="WasRead">True when it was found finished and not computed now.</param>
public sealed record StageResult(string Name, string Key, string Folder, string OutputHash, double Seconds, bool WasRead);
