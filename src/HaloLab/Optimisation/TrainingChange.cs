using System.Text.Json;

namespace HaloLab.Optimisation;

/// <summary>
/// Where a training went on with other settings than it began with, because somebody asked for it. A list of them, <see cref="FileName"/>, lies beside the checkpoint and belongs to the
/// result: such weights are not those of a training that had the last settings from the start.
/// </summary>
/// <param name="Steps">Steps done before the change.</param>
/// <param name="Identity">What the checkpoint of before says it is; it is accepted.</param>
/// <param name="Changes">What was changed, as a sentence would say it.</param>
public sealed record TrainingChange(long Steps, string Identity, IReadOnlyList<string> Changes)
{
    public const string FileName = "changes.json";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The changes of a training, the earliest first.</summary>
    /// <param name="folder">Folder of the training.</param>
    public static IReadOnlyList<TrainingChange> Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<TrainingChange[]>(File.ReadAllText(path), Format) ?? throw new JsonException("the file holds null") : [];
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: is no list of changes of a training ({exception.Message}). Delete {folder} to start over.", exception);
        }
    }

    /// <summary>Writes the changes of a training.</summary>
    /// <param name="folder">Folder of the training.</param>
    /// <param name="changes">The changes, the earliest first.</param>
    public static void Write(string folder, IReadOnlyList<TrainingChange> changes) =>
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(changes, Format) + "\n");
}
