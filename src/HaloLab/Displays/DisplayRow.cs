namespace HaloLab.Displays;

/// <summary>Displays side by side, as far as the page is wide.</summary>
/// <param name="displays">From left to right.</param>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class DisplayRow(params IReadOnlyList<IDisplay> displays) : IDisplay
{
    /// <inheritdoc/>
    public HtmlFragment ToHtml() => HtmlFragment.Of($"<div class=\"halo-row\">{displays.Select(display => HtmlFragment.Of($"<div>{display.ToHtml()}</div>\n"))}</div>\n");

    /// <inheritdoc/>
    public string ToText() => string.Join(Environment.NewLine + Environment.NewLine, displays.Select(display => display.ToText()));
}
