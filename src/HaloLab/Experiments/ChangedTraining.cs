using System.Text.Json.Nodes;
using HaloLab.Optimisation;

namespace HaloLab.Experiments;

/// <summary>
/// What a run folder does with an unfinished training whose settings, data or code are others than those asked for: it is refused with every difference named, or, where
/// all of these are allowed (<c>--allow-changed NAME</c>), its checkpoint is gone on from. What was changed, and after which step, stays with the result (<see cref="TrainingChange"/>).
/// </summary>
internal static class ChangedTraining
{
    /// <summary>Name of the program's version among the differences.</summary>
    public const string Code = "code";

    private const string OfOptions = "options.";
    private const int LongestValue = 24;

    // Both decide what is encoded, so who allows them allows that.
    private static readonly string[] OfInputs = ["model", "pairs"];

    /// <summary>Settles with what is unfinished in the folder of a stage at work and beside it.</summary>
    /// <param name="folder">Folder of the stage.</param>
    /// <param name="allowed">Names of what may differ, in any case.</param>
    /// <param name="goingOn">Told the settings and the steps of another training that is gone on from, before its files are taken; after a kill perhaps again.</param>
    /// <exception cref="InputException">Something differs that is not allowed, or there is nothing to go on from.</exception>
    public static void Settle(string folder, IReadOnlyCollection<string> allowed, Action<JsonObject, long> goingOn)
    {
        StageBeginning own = StageBeginning.Read(folder);
        StageBeginning now = own with { HaloLab = RunManifest.ProgramVersion };

        // A checkpoint is read whole to be checked, and it may be large: no more often than needed.
        var others = RunStore.UnfinishedBeside(folder).Select(other => (other.Folder, Before: other.Beginning, Checkpoint: Checkpoint(other.Folder))).Where(other => other.Checkpoint is not null).ToArray();
        if (others.Length > 1)
        {
            throw new InputException($"{string.Join(", ", others.Select(other => other.Folder))}: unfinished trainings. Delete all but the one to go on from.");
        }

        if (others.Length == 1)
        {
            (string other, StageBeginning before, (string Identity, long Steps)? checkpoint) = others[0];
            IReadOnlyDictionary<string, string> differences = RequireAllowed(other, before, now, allowed);
            goingOn(before.Settings, checkpoint!.Value.Steps);
            TrainingChange.Write(folder, [.. TrainingChange.Read(other), new TrainingChange(checkpoint.Value.Steps, checkpoint.Value.Identity, [.. differences.Values])]);
            TakeFiles(other, folder);
        }
        else if (allowed.Count > 0 || Differences(own, now).Count > 0)
        {
            if (Checkpoint(folder) is (string identity, long steps))
            {
                IReadOnlyDictionary<string, string> differences = RequireAllowed(folder, own, now, allowed);
                if (differences.Count > 0)
                {
                    TrainingChange.Write(folder, [.. TrainingChange.Read(folder), new TrainingChange(steps, identity, [.. differences.Values])]);
                }
            }
            else if (allowed.Count > 0)
            {
                throw new InputException($"--allow-changed {string.Join(' ', allowed)}: {Path.GetDirectoryName(folder)} holds no unfinished training to go on from. Leave it out to begin one.");
            }
        }

        JsonFile.Write(Path.Combine(folder, StageBeginning.FileName), now);
    }

    /// <summary>What differs, as a sentence would say it, by the name that allows it.</summary>
    internal static IReadOnlyDictionary<string, string> Differences(StageBeginning before, StageBeginning now)
    {
        SortedDictionary<string, string> differences = new(StringComparer.OrdinalIgnoreCase);
        Compare(Leaves(before.Settings), Leaves(now.Settings));
        if (!OfInputs.Any(differences.ContainsKey))
        {
            Compare(before.Inputs, now.Inputs);
        }

        Compare(Program(before), Program(now));
        return differences;

        void Compare(IReadOnlyDictionary<string, string> earlier, IReadOnlyDictionary<string, string> later)
        {
            foreach (string name in earlier.Keys.Union(later.Keys))
            {
                (string was, string isNow) = (earlier.GetValueOrDefault(name, "not given"), later.GetValueOrDefault(name, "not given"));
                if (was != isNow)
                {
                    differences[name] = $"{name} was {Short(was)}, is {Short(isNow)}";
                }
            }
        }
    }

    private static (string Identity, long Steps)? Checkpoint(string folder) => TrainingState.Peek(Path.Combine(folder, TrainingLoop.CheckpointFile));

    private static IReadOnlyDictionary<string, string> RequireAllowed(string folder, StageBeginning before, StageBeginning now, IReadOnlyCollection<string> allowed)
    {
        IReadOnlyDictionary<string, string> differences = Differences(before, now);
        string[] others = [.. differences.Keys.Except(allowed, StringComparer.OrdinalIgnoreCase)];
        return others.Length == 0
            ? differences
            : throw new InputException(
                $"{folder}: an unfinished training that is not the one asked for: {string.Join("; ", others.Select(name => differences[name]))}. "
                + $"Ask for it as it was, allow the change ({string.Join(' ', others.Select(name => "--allow-changed " + name))}) to go on from its last checkpoint, or give another --out.");
    }

    /// <summary>Copies first and deletes the checkpoint then: killed at any moment, all of it is done again or was done.</summary>
    private static void TakeFiles(string from, string to)
    {
        foreach (string path in Directory.GetFiles(from))
        {
            if (Path.GetFileName(path) is not (StageBeginning.FileName or TrainingChange.FileName))
            {
                File.Copy(path, Path.Combine(to, Path.GetFileName(path)), overwrite: true);
            }
        }

        foreach (string checkpoint in TrainingLoop.CheckpointFiles)
        {
            File.Delete(Path.Combine(from, checkpoint));
        }

        Directory.Delete(from, recursive: true);
    }

    private static SortedDictionary<string, string> Program(StageBeginning beginning) => new() { [Code] = FormattableString.Invariant($"{beginning.HaloLab}, training {beginning.Version}") };

    private static string Short(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";

    /// <summary>Every value of the settings by the path to it; what stands under <c>options</c> without that word.</summary>
    private static Dictionary<string, string> Leaves(JsonObject settings) =>
        JsonFile.Facts(settings).ToDictionary(item => item.Key.StartsWith(OfOptions, StringComparison.Ordinal) ? item.Key[OfOptions.Length..] : item.Key, item => item.Value);
}
