using System.Text.RegularExpressions;
using HaloLab.Distillation;

namespace HaloLab.Experiments;

/// <summary>The clips that one model made, with their prompts.</summary>
/// <param name="Model">What the model is called.</param>
/// <param name="Clips">Its clips.</param>
public sealed partial record PromptedFolder(string Model, IReadOnlyList<ClipToScore> Clips)
{
    private const string Manifest = "manifest.json";

    /// <summary>
    /// Reads <c>NAME=FOLDER</c> or <c>FOLDER</c>, which then is the name too. Prompts come from <paramref name="prompts"/>, else from the folder's <c>manifest.json</c>, else from
    /// names as VBench has them, <c>PROMPT-NUMBER.mp4</c>.
    /// </summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="prompts">A file with the fields clip (relative to the folder) and prompt, or null.</param>
    /// <exception cref="InputException">There is no such folder, or a clip has no prompt.</exception>
    public static PromptedFolder Parse(string text, string? prompts)
    {
        ArgumentNullException.ThrowIfNull(text);
        (string name, string folder) = NameAndFolder(text);
        return new PromptedFolder(name, prompts is not null || File.Exists(Path.Combine(folder, Manifest))
            ? [.. PromptedClipFile.Read(folder, prompts).Select(clip => new ClipToScore(clip.Path, clip.Prompt))]
            : ByName(folder));
    }

    /// <summary>As <see cref="Parse"/>, for clips that a model is held against: those whose names say no prompt stand each for itself.</summary>
    /// <exception cref="InputException">There is no such folder, or no clip in it.</exception>
    public static PromptedFolder ParseReference(string text, string? prompts)
    {
        ArgumentNullException.ThrowIfNull(text);
        (string name, string folder) = NameAndFolder(text);
        bool hasPrompts = prompts is not null || File.Exists(Path.Combine(folder, Manifest)) || ClipList.Files([folder]).All(file => NumberedName().IsMatch(Path.GetFileNameWithoutExtension(file)));
        return hasPrompts ? Parse(text, prompts) : new PromptedFolder(name, [.. ClipList.Files([folder]).Select(file => new ClipToScore(file, Path.GetFileName(file)))]);
    }

    private static (string Name, string Folder) NameAndFolder(string text)
    {
        int equals = Directory.Exists(text) ? -1 : text.IndexOf('=', StringComparison.Ordinal);
        string folder = text[(equals + 1)..];
        return Directory.Exists(folder)
            ? (equals > 0 ? text[..equals] : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), folder)
            : throw new InputException($"{folder}: no such folder. Expected a model's clips as FOLDER or NAME=FOLDER.");
    }

    private static IReadOnlyList<ClipToScore> ByName(string folder)
    {
        (string File, Match Name)[] files = [.. ClipList.Files([folder]).Select(file => (file, NumberedName().Match(Path.GetFileNameWithoutExtension(file))))];
        string[] others = [.. files.Where(file => !file.Name.Success).Select(file => Path.GetFileName(file.File))];
        return others.Length == 0
            ? [.. files.Select(file => new ClipToScore(file.File, file.Name.Groups["prompt"].Value))]
            : throw new InputException($"{folder}: {others.Length} clips have no prompt: {string.Join(", ", others.Take(4))}. Expected a manifest.json as `halolab generate` writes it, names as PROMPT-NUMBER.mp4, or --prompts FILE.");
    }

    [GeneratedRegex(@"^(?<prompt>.*\S)-\d+$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex NumberedName();
}
