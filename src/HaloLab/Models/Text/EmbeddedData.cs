namespace HaloLab.Models.Text;

/// <summary>Tables of the repository's data folder that travel inside the library.</summary>
internal static class EmbeddedData
{
    /// <param name="name">Path below data/, for example <c>text/width.txt</c>.</param>
    public static Stream Open(string name) =>
        typeof(EmbeddedData).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The library holds no table '{name}'.");

    /// <summary>The lines of a UTF-8 table.</summary>
    public static IEnumerable<string> Lines(string name)
    {
        using StreamReader reader = new(Open(name));
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }

    /// <summary>Code points in hexadecimal, parted by spaces, as text.</summary>
    public static string FromCodePoints(string codes) =>
        string.Concat(codes.Split(' ').Select(code => char.ConvertFromUtf32(Convert.ToInt32(code, 16))));
}
