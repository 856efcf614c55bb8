using HaloLab.Notebooks.Displays;

namespace HaloLab.Notebooks;

/// <summary>What cells can call by name, for a notebook that was exported to a program: everything is shown as text on the console.</summary>
public static class NotebookProgram
{
    private static readonly Lazy<ProgramConsole> Output = new(ProgramConsole.Install);

    /// <summary>A program is interrupted by its end.</summary>
    public static CancellationToken Interrupt => CancellationToken.None;

    /// <summary>How values become text.</summary>
    public static DisplayFormatters Formatters { get; } = new();

    /// <summary>Shows the value of a cell's last expression.</summary>
    public static void ShowResult(object? value)
    {
        if (value is not null)
        {
            Console.WriteLine(ToText(value));
        }
    }

#pragma warning disable IDE1006, CA1707 // The names that notebooks for .NET Interactive use.
    /// <summary>Shows a value; updates that come before anything else is written take its place.</summary>
    public static DisplayHandle display(object? value) => Output.Value.Show(value, ToText);

    /// <summary>Shows text, whatever its type.</summary>
    public static DisplayHandle display(string text, string mimeType) => DisplayAs(text, mimeType);

    /// <summary>Markup as a value.</summary>
    public static Markup HTML(string content) => new(content);
#pragma warning restore IDE1006, CA1707

    /// <summary>Shows text, whatever its type.</summary>
    public static DisplayHandle DisplayAs(string text, string mimeType) => display(MimeBundle.Of(mimeType, text));

    private static string ToText(object? value)
    {
        IReadOnlyDictionary<string, string> forms = Formatters.Format(value).Forms;
        return forms.GetValueOrDefault(MimeBundle.PlainText) ?? forms.Values.First();
    }
}
