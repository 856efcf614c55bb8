using HaloLab.Experiments;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.Cli.Ledger;

/// <summary>What a run of <c>reproduce</c> or <c>ablate</c> said, kept under version control: a file in <c>claims/runs</c>.</summary>
/// <param name="Name">What the ledger calls it.</param>
/// <param name="Date">The day it was finished.</param>
/// <param name="Commit">What was run, short.</param>
/// <param name="Command">The command.</param>
/// <param name="Device">Where it was computed.</param>
/// <param name="Threads">With how many threads.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="ManifestSha256">Hash of its manifest.</param>
/// <param name="Note">What a reader must know beside it; empty: nothing.</param>
/// <param name="Claims">The claims of a <c>reproduce</c>, else empty.</param>
/// <param name="Ablation">The result of an <c>ablate</c>, else null.</param>
internal sealed record RecordedRun(
    string Name, string Date, string Commit, string Command, string Device, int Threads, IReadOnlyList<long> Seeds, string ManifestSha256, string Note, IReadOnlyList<Claim> Claims, AblationResult? Ablation)
{
    private const int ShortCommit = 7;

    /// <summary>Reads a run's folder.</summary>
    /// <param name="name">What the ledger calls it.</param>
    /// <param name="folder">The folder of <c>reproduce</c>, or that of a grid below the one of <c>ablate</c>.</param>
    /// <exception cref="InputException">It holds neither <c>claims.json</c> nor <c>ablation.json</c>, or no manifest.</exception>
    public static RecordedRun Read(string name, string folder)
    {
        (string claims, string ablation, string manifest) = (Path.Combine(folder, "claims.json"), Path.Combine(folder, AblationResult.FileName), Path.Combine(folder, "manifest.json"));
        if (!File.Exists(claims) && !File.Exists(ablation))
        {
            throw new InputException($"{folder}: holds neither claims.json nor {AblationResult.FileName}. Expected the folder of a finished `reproduce`, or that of a grid below the folder of `ablate`.");
        }

        Manifest made = JsonFile.Read<Manifest>(manifest);
        string[] version = made.HaloLab.Split('+');
        return new RecordedRun(
            name,
            File.GetLastWriteTimeUtc(manifest).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
            version.Length == 2 && version[1].Length >= ShortCommit ? version[1][..ShortCommit] : made.HaloLab,
            $"halolab {made.Command}",
            made.Device,
            made.Threads,
            made.Seeds,
            FileHash.Of(manifest),
            "",
            File.Exists(claims) ? JsonFile.Read<Claim[]>(claims) : [],
            File.Exists(ablation) ? JsonFile.Read<AblationResult>(ablation) : null);
    }

    // Manifests from before there was a precision are read too.
    private sealed record Manifest(string Command, string HaloLab, string Device, int Threads, IReadOnlyList<long> Seeds);
}
