namespace HaloLab.Displays;

/// <summary>Something to look at: in a page or a notebook as HTML, in a terminal as text.</summary>
public interface IDisplay
{
    /// <summary>Markup that needs nothing from the network; its looks and its player come with <see cref="HtmlPage"/>.</summary>
    HtmlFragment ToHtml();

    /// <summary>The same for a terminal or a log: lines without a newline at the end.</summary>
    string ToText();
}
