namespace HaloLab.Experiments;

/// <summary>
/// <c>compute.json</c> of a <see cref="RunStore"/>: what the bits of its stages depend on beside their settings. Sums are split by threads,
/// so a run that was begun with some goes on with as many.
/// </summary>
/// <param name="Threads">Threads of torch's kernels.</param>
/// <param name="Device">Where tensors were computed.</param>
/// <param name="Precision">What the large weights of published models were held in.</param>
public sealed record ComputeRecord(int Threads, string Device, string Precision = ComputeRecord.DefaultPrecision)
{
    /// <summary>Of stores that do not say.</summary>
    public const string DefaultPrecision = "float32";

    private const string FileName = "compute.json";

    /// <summary>The record of a store, or null where nothing has run yet.</summary>
    /// <exception cref="InputException">The file is broken.</exception>
    public static ComputeRecord? Find(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) ? JsonFile.Read<ComputeRecord>(path) : null;
    }

    /// <summary>Writes what is in use into a store, or checks that it is what the store was begun with.</summary>
    /// <exception cref="InputException">The store was begun with something else.</exception>
    internal static void Hold(string folder)
    {
        ComputeRecord own = new(Compute.Threads, Compute.Device.ToString(), Compute.PrecisionName);
        ComputeRecord? begun = Find(folder);
        if (begun is null)
        {
            JsonFile.Write(Path.Combine(folder, FileName), own);
        }
        else if (begun != own)
        {
            throw new InputException(
                $"{folder}: was begun with {begun.Threads} threads on {begun.Device} in {begun.Precision}; {own.Threads} threads on {own.Device} in {own.Precision} would give other bits. Go on with --threads {begun.Threads} --device {begun.Device}{(begun.Precision == own.Precision ? "" : $" --precision {begun.Precision}")}, or start over in another folder.");
        }
    }
}
