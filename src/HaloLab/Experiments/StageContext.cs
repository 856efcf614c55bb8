namespace HaloLab.Experiments;

/// <summary>What the work of a <see cref="Stage"/> sees.</summary>
/// <param name="folder">Where it writes; may hold what an interrupted call left.</param>
/// <param name="inputs">Folders of the finished input stages by name.</param>
/// <param name="progress">Told the share of the work done.</param>
/// <param name="cancellation">Observed at least every few seconds, after saving what is needed to go on.</param>
public sealed class StageContext(string folder, IReadOnlyDictionary<string, string> inputs, IProgress<double> progress, CancellationToken cancellation)
{
    /// <summary>The folder that becomes the stage's result.</summary>
    public string Folder { get; } = folder;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Folders of the finished input stages by name.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; } = inputs;

    /// <summary>The path of a file in the stage's folder.</summary>
    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>The path of a file in the folder of the input stage <paramref name="stage"/>.</summary>
    public string Input(string stage, string file) => Path.Combine(Inputs[stage], file);

    /// <summary>The same, stopped by another token.</summary>
    public StageContext StoppedBy(CancellationToken other) => new(Folder, Inputs, progress, other);

    /// <summary>Says that <paramref name="done"/> of <paramref name="total"/> units are done, and stops here if asked to.</summary>
    public void Report(double done, double total)
    {
        progress.Report(total > 0 ? Math.Clamp(done / total, 0, 1) : 1);
        Cancellation.ThrowIfCancellationRequested();
    }
}
