using System.Text.RegularExpressions;

namespace HaloLab.Checkpoints;

/// <summary>
/// Names of the same tensors in two published layouts of a model, as a table: <c>{i}</c> stands for a number that is copied. The tensors themselves are the
/// same in both.
/// </summary>
public sealed class KeyMap
{
    private const string Number = "{i}";

    private readonly (Regex From, string To)[] _toDiffusers;
    private readonly (Regex From, string To)[] _toOriginal;

    /// <param name="rows">The names of each tensor, or family of tensors, in both layouts.</param>
    public KeyMap(IEnumerable<(string Original, string Diffusers)> rows)
    {
        Rows = [.. rows];
        _toDiffusers = [.. Rows.Select(row => (Pattern(row.Original), row.Diffusers))];
        _toOriginal = [.. Rows.Select(row => (Pattern(row.Diffusers), row.Original))];
    }

    /// <summary>The rows of the table.</summary>
    public IReadOnlyList<(string Original, string Diffusers)> Rows { get; }

    /// <summary>The name in diffusers' layout of a tensor of the original one, or null where the table has none.</summary>
    public string? ToDiffusers(string original) => Translate(original, _toDiffusers);

    /// <summary>The name in the original layout of a tensor of diffusers' one, or null where the table has none.</summary>
    public string? ToOriginal(string diffusers) => Translate(diffusers, _toOriginal);

    private static Regex Pattern(string name) =>
        new($"^{Regex.Escape(name).Replace(Regex.Escape(Number), "(0|[1-9][0-9]*)", StringComparison.Ordinal)}\\z", RegexOptions.CultureInvariant);

    private static string? Translate(string key, (Regex From, string To)[] rows)
    {
        foreach ((Regex from, string to) in rows)
        {
            Match match = from.Match(key);
            if (match.Success)
            {
                return to.Replace(Number, match.Groups[1].Value, StringComparison.Ordinal);
            }
        }

        return null;
    }
}
