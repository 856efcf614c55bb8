namespace HaloLab.Displays;

/// <summary>
/// Makes the formatters of everything that <see cref="ValueDisplay"/> can show, in the form that notebook kernels look for: a method of this name that gives
/// objects with a <c>MimeType</c> and a <c>Format</c>.
/// </summary>
internal sealed class DisplayFormatterSource
{
#pragma warning disable CA1822 // Kernels call it on an instance.
    public IEnumerable<object> CreateTypeFormatters() =>
    [
        new Formatter("text/html", display => HtmlPage.Standalone(display).Markup),
        new Formatter("text/plain", display => display.ToText()),
    ];
#pragma warning restore CA1822

    internal sealed class Formatter(string mimeType, Func<IDisplay, string> form)
    {
        public string MimeType { get; } = mimeType;

        /// <returns>Whether the value could be shown.</returns>
        public bool Format(object instance, TextWriter writer)
        {
            if (ValueDisplay.Of(instance) is not { } display)
            {
                return false;
            }

            writer.Write(form(display));
            return true;
        }
    }
}
