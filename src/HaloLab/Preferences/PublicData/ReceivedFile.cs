namespace HaloLab.Preferences.PublicData;

/// <summary>A file that was fetched, as <c>received.json</c> beside the files has it.</summary>
/// <param name="Name">Its name in the source.</param>
/// <param name="Address">Where it is published.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="IsListed">Whether that hash is the source's own; otherwise it is what the first fetch gave.</param>
/// <param name="ReceivedAt">When.</param>
public sealed record ReceivedFile(string Name, Uri Address, long Size, string Sha256, bool IsListed, DateTimeOffset ReceivedAt);
