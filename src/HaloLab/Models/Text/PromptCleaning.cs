namespace HaloLab.Models.Text;

/// <summary>What published text-to-video models do to a prompt before they tokenize it.</summary>
internal static class PromptCleaning
{
    /// <summary>Mojibake repaired, HTML entities unescaped twice, white space collapsed and trimmed.</summary>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string unescaped = HtmlEntities.Unescape(HtmlEntities.Unescape(TextRepair.Fix(text)));
        return string.Join(' ', unescaped.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
