namespace HaloLab.Cli.Verbs;

/// <summary>A text file with a prompt on each line.</summary>
internal static class PromptFile
{
    /// <summary>The prompts as they stand, without empty lines.</summary>
    /// <exception cref="InputException">There is no such file.</exception>
    public static string[] Read(string path) => File.Exists(path)
        ? [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)]
        : throw new InputException($"{path}: not found. Expected a text file with a prompt on each line.");
}
