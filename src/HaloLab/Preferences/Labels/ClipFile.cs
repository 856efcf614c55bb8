namespace HaloLab.Preferences.Labels;

/// <summary>A video file that was met, and the clip in it.</summary>
/// <param name="Clip">The clip's content hash.</param>
/// <param name="Name">The file's name, as the source that mentions it has it.</param>
/// <param name="FileHash">SHA-256 of the file's bytes: an unchanged file need not be decoded again.</param>
/// <param name="Prompt">What the clip was generated from, or null where nothing says so.</param>
public sealed record ClipFile(string Clip, string Name, string FileHash, string? Prompt);
