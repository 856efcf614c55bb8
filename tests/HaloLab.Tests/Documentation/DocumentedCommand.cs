using System.Text;

namespace HaloLab.Tests.Documentation;

/// <summary>A command line of a document's code block.</summary>
/// <param name="Document">The document, relative to the repository.</param>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="Words">Its words as a shell would split them; settings of variables and <c>exec</c> before it, comments, redirections and <c>&amp;</c> taken off.</param>
/// <param name="IsBackground">Whether the next command does not wait for it.</param>
public sealed record DocumentedCommand(string Document, int Line, IReadOnlyList<string> Words, bool IsBackground = false)
{
    /// <summary>What is asked of <c>halolab</c>; null where it is another program.</summary>
    public IReadOnlyList<string>? HaloLab =>
        Words[0] == "halolab" ? [.. Words.Skip(1)]
        : Words[0] is "mpirun" or "srun" && Words.Contains("halolab") ? [.. Words.SkipWhile(word => word != "halolab").Skip(1)]
        : IsRunOf("src/HaloLab.Cli") ? [.. Words.SkipWhile(word => word != "--").Skip(1)]
        : Words is ["dotnet", string library, ..] && library.EndsWith("HaloLab.Cli.dll", StringComparison.Ordinal) ? [.. Words.Skip(2)]
        : null;

    /// <summary>What is asked of the benchmarks; null where it is another program.</summary>
    public IReadOnlyList<string>? Benchmarks => IsRunOf("tests/HaloLab.Benchmarks") ? [.. Words.SkipWhile(word => word != "--").Skip(1)] : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Document}:{Line}: {string.Join(' ', Words)}";

    /// <summary>Splits a line into words as a shell does, with quotes and backslashes; null for a line without any.</summary>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static DocumentedCommand? Parse(string document, int number, string line)
    {
        List<string> words = [];
        StringBuilder word = new();
        char? quote = null;
        bool isBegun = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quote is { } open)
            {
                if (c == open)
                {
                    quote = null;
                }
                else
                {
                    word.Append(c);
                }
            }
            else if (c is '"' or '\'')
            {
                (quote, isBegun) = (c, true);
            }
            else if (c == '#' && !isBegun && word.Length == 0)
            {
                break;
            }
            else if (char.IsWhiteSpace(c))
            {
                End();
            }
            else
            {
                word.Append(c == '\\' && i + 1 < line.Length ? line[++i] : c);
            }
        }

        End();
        if (quote is not null)
        {
            throw new FormatException($"{document}:{number}: a quote is not closed.");
        }

        IEnumerable<string> own = words.SkipWhile(item => item == "exec" || IsSetting(item)).TakeWhile(item => item is not ("&" or "|" or ">" or "&&"));
        return own.Any() ? new DocumentedCommand(document, number, [.. own], words[^1] == "&") : null;

        void End()
        {
            if (isBegun || word.Length > 0)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            isBegun = false;
        }
    }

    /// <summary>NAME=VALUE before a command.</summary>
    private static bool IsSetting(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && word[..equals].All(c => char.IsAsciiLetterUpper(c) || c == '_');
    }

    private bool IsRunOf(string project) => Words is ["dotnet", "run", ..] && Words.Contains(project) && Words.Contains("--");
}
