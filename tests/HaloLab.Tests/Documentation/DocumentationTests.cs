using System.CommandLine;
using System.Text.RegularExpressions;
using HaloLab.Cli.Verbs;

namespace HaloLab.Tests.Documentation;

/// <summary>The README and <c>docs/</c> against the repository: links lead somewhere, commands are understood, code stands where it is said to.</summary>
public sealed partial class DocumentationTests
{
    /// <summary>Programs beside HaloLab that documents may name.</summary>
    private static readonly string[] Programs = ["alias", "apt-get", "bash", "cd", "dotnet", "export", "git", "jupyter", "python3"];

    private static readonly string[] TestSources =
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText)];

    public static TheoryData<string> Documents => [.. RepositoryDocument.All];

    [Theory]
    [MemberData(nameof(Documents))]
    public void LinksLeadSomewhere(string path)
    {
        RepositoryDocument document = new(path);
        List<string> broken = [];
        foreach ((int line, string target) in document.Links)
        {
            if (Uri.TryCreate(target, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            {
                continue;
            }

            string[] parts = target.Split('#');
            string file = parts[0].Length == 0 ? path : Path.GetRelativePath(RepositoryRoot.Path, Path.Combine(RepositoryRoot.Path, Path.GetDirectoryName(path)!, Uri.UnescapeDataString(parts[0])));
            string full = Path.Combine(RepositoryRoot.Path, file);
            if (!File.Exists(full) && !Directory.Exists(full))
            {
                broken.Add($"{path}:{line}: {target}: there is no {file}");
            }
            else if (parts.Length > 1 && !new RepositoryDocument(file).Anchors.Contains(parts[1]))
            {
                broken.Add($"{path}:{line}: {target}: {file} has no heading of that name");
            }
        }

        Assert.Empty(broken);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void CommandsAreUnderstood(string path) => Assert.Empty(new RepositoryDocument(path).Commands().Select(Misunderstood).OfType<string>());

    /// <summary>In a sentence a command may be a part of one, so only its verbs and options are held against the program.</summary>
    [Theory]
    [MemberData(nameof(Documents))]
    public void CommandsInSentencesNameVerbsAndOptionsThatThereAre(string path)
    {
        List<string> unknown = [];
        foreach ((int line, string code) in new RepositoryDocument(path).InlineCode.Where(item => item.Code.StartsWith("halolab ", StringComparison.Ordinal)))
        {
            Command command = HaloLabCommand.Create();
            foreach (string word in DocumentedCommand.Parse(path, line, code)!.HaloLab!)
            {
                if (command.Subcommands.FirstOrDefault(verb => verb.Name == word) is { } verb)
                {
                    command = verb;
                }
                else if (word.StartsWith("--", StringComparison.Ordinal) && !Options(command).Contains(word.Split('=')[0]))
                {
                    unknown.Add($"{path}:{line}: `{code}`: {command.Name} has no {word}");
                }
                else if (command is RootCommand && char.IsAsciiLetterLower(word[0]))
                {
                    unknown.Add($"{path}:{line}: `{code}`: there is no verb {word}");
                }
            }
        }

        Assert.Empty(unknown);
    }

    [Fact]
    public void AWrongVerbOptionLinkOrTestIsFound()
    {
        string? Of(string line) => Misunderstood(DocumentedCommand.Parse("test.md", 1, line)!);
        Assert.Null(Of("OMP_NUM_THREADS=1 halolab generate --prompt \"a red circle\" --count 2 --out 'a folder' &   # comment"));
        Assert.Null(Of("dotnet run --project src/HaloLab.Cli -c Release -- doctor"));
        Assert.Null(Of("dotnet run --project tests/HaloLab.Benchmarks -c Release -- objective --rounds 5"));
        Assert.Null(Of(".ci/long ToyModelTimes"));
        Assert.NotNull(Of("halolab genrate --prompt x"));
        Assert.NotNull(Of("halolab generate --promt x"));
        Assert.NotNull(Of("halolab score"));
        Assert.NotNull(Of("dotnet run --project tests/HaloLab.Benchmarks -c Release -- nothing"));
        Assert.NotNull(Of("dotnet test tests/HaloLab.Tests --filter NoSuchTests"));
        Assert.NotNull(Of(".ci/long NoSuchTests"));
        Assert.NotNull(Of("frobnicate"));
        Assert.Equal(["halolab", "a b", "c d", "e", ""], DocumentedCommand.Parse("test.md", 1, "halolab \"a b\" c\\ d e ''")!.Words);
        Assert.Null(DocumentedCommand.Parse("test.md", 1, "  # a comment"));
        Assert.Throws<FormatException>(() => DocumentedCommand.Parse("test.md", 1, "halolab \"a"));
    }

    /// <summary>The worked examples are what is built and tested (<c>tests/HaloLab.Tests/Examples</c>): every block of C# stands there word for word.</summary>
    [Fact]
    public void CodeOfTheWorkedExamplesIsWhatIsBuilt()
    {
        string[] examples = [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "tests/HaloLab.Tests/Examples"), "*.cs").Select(file => Squeezed(File.ReadAllText(file)))];
        (string Language, int Line, string Code)[] blocks = [.. new RepositoryDocument("docs/extending.md").CodeBlocks.Where(block => block.Language == "csharp")];
        Assert.True(blocks.Length >= 3);
        Assert.All(blocks, block => Assert.True(examples.Any(example => example.Contains(Squeezed(block.Code), StringComparison.Ordinal)), $"docs/extending.md:{block.Line}: stands in no file of tests/HaloLab.Tests/Examples:\n{block.Code}"));

        static string Squeezed(string code) => Blanks().Replace(code, " ").Trim();
    }

    /// <summary>Of a message that is quoted with … for what differs, every part stands in the program.</summary>
    [Fact]
    public void QuotedMessagesAreThoseOfTheProgram()
    {
        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText)];
        string[] quoted = [.. Quotation().Matches(new RepositoryDocument("docs/troubleshooting.md").Text).Select(match => match.Groups[1].Value)];
        Assert.True(quoted.Length >= 10);
        Assert.All(quoted.SelectMany(message => message.Split('…', StringSplitOptions.RemoveEmptyEntries)), part => Assert.True(sources.Any(source => source.Contains(part, StringComparison.Ordinal)), $"no message has: {part}"));
    }

    /// <summary>What is wrong with a command; null where nothing is.</summary>
    private static string? Misunderstood(DocumentedCommand command)
    {
        if (command.HaloLab is { } words)
        {
            ParseResult parsed = HaloLabCommand.Create().Parse([.. words]);
            return parsed.Errors.Count == 0 ? null : $"{command}: {string.Join(" ", parsed.Errors.Select(error => error.Message))}";
        }

        if (command.Benchmarks is { } benchmark)
        {
            string source = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "tests/HaloLab.Benchmarks/Program.cs"));
            return benchmark.Where((word, i) => i == 0 || word.StartsWith("--", StringComparison.Ordinal)).FirstOrDefault(word => !source.Contains($"(\"{word}\"", StringComparison.Ordinal)) is { } missing ? $"{command}: the benchmarks know no {missing}" : null;
        }

        string program = command.Words[0];
        if (program.StartsWith('.'))
        {
            return !File.Exists(Path.Combine(RepositoryRoot.Path, program)) ? $"{command}: there is no {program}"
                : program == ".ci/long" ? MissingTest(command, command.Words[1], mustBeLong: true)
                : null;
        }

        int filter = command.Words.TakeWhile(word => word != "--filter").Count();
        return !Programs.Contains(program) ? $"{command}: what is {program}?"
            : program == "dotnet" && filter + 1 < command.Words.Count ? MissingTest(command, command.Words[filter + 1], mustBeLong: false)
            : null;
    }

    /// <summary>A filter names a part of a test's full name, or a category.</summary>
    private static string? MissingTest(DocumentedCommand command, string filter, bool mustBeLong)
    {
        string name = filter.Split('~', '=')[^1];
        return TestSources.Any(source => source.Contains(name, StringComparison.Ordinal) && (!mustBeLong || source.Contains("\"Long\"", StringComparison.Ordinal)) && !source.Contains("class DocumentationTests", StringComparison.Ordinal))
            ? null
            : $"{command}: no {(mustBeLong ? "long " : "")}test has {name} in its name";
    }

    private static IEnumerable<string> Options(Command command) => command.Options.SelectMany(option => (string[])[option.Name, .. option.Aliases]);

    [GeneratedRegex("\"([^\"\n]+)\"")]
    private static partial Regex Quotation();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
