using OxyPlot;

namespace HaloLab.Displays;

/// <summary>
/// How large text will be, as OxyPlot must know to leave room for labels. The page is set in the reader's own interface font, so these are
/// the advances of a wide one (DejaVu Sans, rounded up): labels that get too little room are cut.
/// </summary>
internal sealed class ChartTextMeasurer() : PdfRenderContext(1, 1, OxyColors.Transparent)
{
    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight) =>
        string.IsNullOrEmpty(text) ? OxySize.Empty : new OxySize(text.Sum(Advance) * fontSize, 1.2 * fontSize);

    /// <summary>In units of the font size.</summary>
    private static double Advance(char letter) => letter switch
    {
        'i' or 'j' or 'l' or '.' or ',' or ':' or ';' or '\'' or '|' or '!' or ' ' => 0.34,
        'f' or 't' or 'r' or 's' or '[' or ']' or '(' or ')' or '-' => 0.45,
        'm' or 'w' or 'M' or 'W' or '%' or '@' => 1,
        >= 'A' and <= 'Z' => 0.74,
        _ => letter < 0x2e80 ? 0.65 : 1,
    };
}
