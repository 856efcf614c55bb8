using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The recipe of <c>halolab reproduce</c>: the whole of HALO on the toy world.</summary>
public sealed class ToyReproduction
{
    /// <summary>Where pages of notebooks lie in the folder of a run.</summary>
    public const string NotebookFolder = "notebooks";

    private readonly ReproductionSettings _settings;
    private readonly ToyGeneratorFiles _generator;
    private readonly List<SeedStages> _seeds;
    private readonly Stage _claims;

    /// <param name="settings">A preset.</param>
    /// <param name="firstSeed">Seed of the first run; the others follow it.</param>
    /// <param name="seeds">Number of runs, at least 1.</param>
    /// <param name="checkpointFolder">Folder of the toy checkpoints.</param>
    /// <exception cref="InputException">A checkpoint is missing or broken.</exception>
    public ToyReproduction(ReproductionSettings settings, long firstSeed, int seeds, string checkpointFolder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        _settings = settings;
        _generator = ToyGeneratorFiles.Open(checkpointFolder);
        _seeds = [.. Enumerable.Range(0, seeds).Select(i => new SeedStages(settings, firstSeed + i, _generator))];
        _claims = new ClaimsStage(settings, _generator, _seeds).Stage();
    }

    /// <summary>All stages, inputs before what reads them.</summary>
    public IReadOnlyList<Stage> Stages => RunStore.InOrder([_claims]);

    /// <summary>
    /// Runs what is not finished yet and writes <c>claims.json</c>, <c>report.html</c> and <c>manifest.json</c> into the folder; the stages lie in
    /// its folder <c>stages</c>.
    /// </summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops within seconds; the same call goes on from there.</param>
    /// <param name="render">Called when all stages are finished; pages that it writes into its <see cref="NotebookFolder"/> are linked to by the report.</param>
    public IReadOnlyList<Claim> Run(string folder, IRunProgress progress, CancellationToken cancellation, Action? render = null)
    {
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(folder, "stages")).Run([_claims], progress, cancellation);
        string claimsPath = Path.Combine(results[^1].Folder, ClaimsStage.File);
        Claim[] claims = JsonFile.Read<Claim[]>(claimsPath);
        AtomicFile.WriteAllText(Path.Combine(folder, ClaimsStage.File), File.ReadAllText(claimsPath));
        render?.Invoke();
        ClaimBackground background = JsonFile.Read<ClaimBackground>(Path.Combine(results[^1].Folder, ClaimsStage.BackgroundFile));
        new ReproductionReport(_settings, _seeds, results, _generator.DefectThreshold, folder).Write(claims, background);
        long[] seeds = [.. _seeds.Select(seed => seed.Seed)];
        JsonFile.Write(Path.Combine(folder, "manifest.json"), RunManifest.Of($"reproduce --preset {_settings.Preset} --seeds {seeds.Length}", _settings, seeds, _generator.Hashes(), folder, results));
        return claims;
    }
}
