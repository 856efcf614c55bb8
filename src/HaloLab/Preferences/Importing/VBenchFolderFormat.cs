using System.Globalization;
using System.Text.RegularExpressions;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// A folder of generated videos in VBench's names (Vchitect/VBench): <c>PROMPT-NUMBER.mp4</c>, the numbers of a prompt from 0 without a gap, in any folders below. It
/// holds clips and their prompts, no labels: the store remembers the clips, so that they can be labelled.
/// </summary>
public sealed partial class VBenchFolderFormat : ILabelFormat
{
    private static readonly string[] Endings = [".mp4", ".webm", ".gif", ".png", ".apng"];

    /// <inheritdoc/>
    public string Name => "vbench";

    /// <inheritdoc/>
    public string Description => "A folder of videos in VBench's names, PROMPT-NUMBER.mp4: clips and prompts, no labels";

    /// <inheritdoc/>
    public bool Recognises(string path) => Directory.Exists(path) && Videos(path).Any(file => NumberedName().IsMatch(Path.GetFileNameWithoutExtension(file)));

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        if (clips.IsByName)
        {
            throw new InputException($"{path}: without its videos there is nothing to import. Leave out --by-name.");
        }

        Dictionary<(string Folder, string Prompt), SortedSet<int>> numbers = [];
        long row = 0;
        foreach (string file in Videos(path).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(path, file);
            Match match = NumberedName().Match(Path.GetFileNameWithoutExtension(file));
            row++;
            if (!match.Success || !int.TryParse(match.Groups["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                yield return new ImportedRow(row, [], $"{file}: the name is not PROMPT-NUMBER. Expected a number from 0 after the last hyphen, for example 'a cat-0.mp4'.");
                continue;
            }

            string prompt = match.Groups["prompt"].Value;
            (string, string) key = (Path.GetDirectoryName(file)!, prompt);
            if (!numbers.TryGetValue(key, out SortedSet<int>? taken))
            {
                numbers.Add(key, taken = []);
            }

            if (!taken.Add(number))
            {
                yield return new ImportedRow(row, [], $"{file}: number {match.Groups["number"].Value} of this prompt is there twice, with different endings. Delete one.");
                continue;
            }

            clips.Of(Name, path, name, prompt);
            yield return new ImportedRow(row, []);
        }

        foreach (((string folder, string prompt), SortedSet<int> taken) in numbers)
        {
            int missing = Enumerable.Range(0, taken.Max).FirstOrDefault(number => !taken.Contains(number), -1);
            if (missing >= 0)
            {
                yield return new ImportedRow(++row, [], string.Create(CultureInfo.InvariantCulture, $"{Path.Combine(folder, $"{prompt}-{missing}")}: is missing, and number {taken.Max} of this prompt is there. Expected every number from 0; generate it, or renumber the others."));
            }
        }
    }

    private static IEnumerable<string> Videos(string path) =>
        Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => Endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));

    [GeneratedRegex(@"^(?<prompt>.+)-(?<number>\d+)$", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex NumberedName();
}
