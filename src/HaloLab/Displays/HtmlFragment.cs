using System.Net;

namespace HaloLab.Displays;

/// <summary>
/// A piece of finished markup, told apart from text by its type: text becomes markup only through escaping, by <see cref="Text"/> or as an
/// interpolated value of <see cref="Of"/>.
/// </summary>
public readonly record struct HtmlFragment
{
    private readonly string? _markup;

    private HtmlFragment(string markup) => _markup = markup;

    public static HtmlFragment Empty => default;

    public string Markup => _markup ?? "";

    public bool IsEmpty => Markup.Length == 0;

    /// <summary>Plain text, escaped.</summary>
    public static HtmlFragment Text(string? text) => new(WebUtility.HtmlEncode(text ?? ""));

    /// <summary>
    /// An interpolated string: its literal parts are markup, its values are escaped unless they are fragments. Attributes must be quoted.
    /// </summary>
    public static HtmlFragment Of(HtmlInterpolation markup) => new(markup.ToMarkup());

    /// <summary>The fragments one after the other.</summary>
    public static HtmlFragment Concat(IEnumerable<HtmlFragment> fragments) => new(string.Concat(fragments.Select(fragment => fragment.Markup)));

    /// <summary>A link to a file beside the page.</summary>
    /// <param name="relativePath">With forward slashes, not leaving the page's folder.</param>
    /// <param name="text">What the link says; null: the path.</param>
    public static HtmlFragment Link(string relativePath, string? text = null)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        string[] segments = relativePath.Split('/');
        if (segments.Any(segment => segment is "" or "." or ".."))
        {
            throw new ArgumentException($"'{relativePath}' is not a relative path below the page.", nameof(relativePath));
        }

        return Of($"<a href=\"{string.Join('/', segments.Select(Uri.EscapeDataString))}\">{text ?? relativePath}</a>");
    }

    /// <summary>Markup that this assembly made and escaped itself (chart exports, embedded style and script).</summary>
    internal static HtmlFragment Trusted(string markup) => new(markup);

    /// <inheritdoc/>
    public override string ToString() => Markup;
}
