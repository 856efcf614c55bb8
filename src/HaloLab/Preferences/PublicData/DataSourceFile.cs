namespace HaloLab.Preferences.PublicData;

/// <summary>One file of a <see cref="DataSource"/>.</summary>
/// <param name="Name">Where it goes below the source's folder, with <c>/</c> between folders.</param>
/// <param name="Address">Where it is published, at a fixed revision where the publisher has revisions.</param>
/// <param name="Size">Its bytes, or null where the publisher does not say.</param>
/// <param name="Sha256">Its hash in lower-case hexadecimal, or null where the publisher does not say: then the first copy that is fetched is the one that later ones are compared with.</param>
public sealed record DataSourceFile(string Name, Uri Address, long? Size = null, string? Sha256 = null);
