using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace HaloLab.Displays;

/// <summary>What the compiler makes of <c>HtmlFragment.Of($"…")</c>: literals are kept, values are escaped, numbers are invariant.</summary>
[InterpolatedStringHandler]
public readonly ref struct HtmlInterpolation
{
    private readonly StringBuilder _markup;

    public HtmlInterpolation(int literalLength, int formattedCount) => _markup = new StringBuilder(literalLength + (formattedCount * 16));

    public void AppendLiteral(string literal) => _markup.Append(literal);

    public void AppendFormatted(HtmlFragment fragment) => _markup.Append(fragment.Markup);

    public void AppendFormatted(IEnumerable<HtmlFragment> fragments)
    {
        ArgumentNullException.ThrowIfNull(fragments);
        foreach (HtmlFragment fragment in fragments)
        {
            _markup.Append(fragment.Markup);
        }
    }

    public void AppendFormatted(string? text) => _markup.Append(WebUtility.HtmlEncode(text));

    public void AppendFormatted<T>(T value, string? format = null)
        where T : IFormattable =>
        _markup.Append(WebUtility.HtmlEncode(value.ToString(format, CultureInfo.InvariantCulture)));

    internal string ToMarkup() => _markup.ToString();
}
