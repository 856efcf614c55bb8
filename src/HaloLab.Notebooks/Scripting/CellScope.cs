using HaloLab.Notebooks.Displays;

namespace HaloLab.Notebooks.Scripting;

/// <summary>What every cell can call by name without a <c>using</c>. The names in lower case are those that .NET Interactive's cells use.</summary>
public sealed class CellScope
{
    private readonly ScriptEngine _engine;

    internal CellScope(ScriptEngine engine) => _engine = engine;

    /// <summary>
    /// Is cancelled when the reader interrupts the running cell. Hand it to everything that takes a <see cref="CancellationToken"/>: a training
    /// loop then stops after its step, and what it computed is kept.
    /// </summary>
    public CancellationToken Interrupt => _engine.InterruptToken;

    /// <summary>How values become text, HTML and pictures; <c>Formatters.Register&lt;T&gt;(mimeType, value =&gt; …)</c> adds a form.</summary>
    public DisplayFormatters Formatters => _engine.Formatters;

#pragma warning disable IDE1006, CA1707, CA1822 // Names that notebooks for .NET Interactive use; cells see members of an instance.
    /// <summary>Shows a value now; the handle's <c>Update</c> replaces it where it stands.</summary>
    public DisplayHandle display(object? value) => _engine.Display(value);

    /// <summary>Shows text as if it were of that MIME type.</summary>
    public DisplayHandle display(string text, string mimeType) => DisplayAs(text, mimeType);

    /// <summary>Markup as a value, for a cell's last line or for <c>display</c>.</summary>
    public Markup HTML(string content) => new(content);
#pragma warning restore IDE1006, CA1707, CA1822

    /// <summary>Shows text as if it were of that MIME type, for example <c>DisplayAs(svg, "image/svg+xml")</c>.</summary>
    public DisplayHandle DisplayAs(string text, string mimeType) => _engine.Display(MimeBundle.Of(mimeType, text));
}
