using HaloLab.Notebooks.Scripting;
using Microsoft.CodeAnalysis.Text;

namespace HaloLab.Notebooks.Tests.Scripting;

/// <summary>Completion, documentation and whether code is whole; <c>|</c> marks the cursor.</summary>
public sealed class ScriptLanguageTests : IDisposable
{
    private readonly EngineFixture _cells = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _cells.Dispose();

    [Fact]
    public async Task NamesOfEarlierCellsAreSuggested()
    {
        _cells.Run("using System.Globalization;");
        _cells.Run("int firstValue = 1; string FirstMethod() => \"\"; class FirstClass { public int Inner; }");
        Assert.Equal(["firstValue"], await Complete("int b = firstV|;"));
        Assert.Contains("FirstMethod", await Complete("First|"));
        Assert.Contains("CultureInfo", await Complete("CultureI|"));
        Assert.Contains("Inner", await Complete("new FirstClass().|"));
        Assert.DoesNotContain("Inner", await Complete("firstValue.|"));
    }

    [Fact]
    public async Task TheLastDeclarationOfANameCounts()
    {
        _cells.Run("int thing = 1;");
        Assert.Contains("CompareTo", await Complete("thing.|"));
        _cells.Run("var other = thing;");
        _cells.Run("string thing = \"\";");
        Assert.Contains("Substring", await Complete("thing.Sub|"));
        Assert.Contains("other", await Complete("oth|"));
    }

    [Fact]
    public async Task OnlyWhatIsBeforeTheCursorIsReplaced()
    {
        (IReadOnlyList<ScriptLanguage.Suggestion> suggestions, TextSpan replaced) = await _cells.Engine.Language.CompleteAsync("Console.WriteL", 14, Cancellation);
        Assert.Equal(("WriteLine", "method"), (suggestions[0].Text, suggestions[0].Kind));
        Assert.Equal(new TextSpan(8, 6), replaced);
    }

    [Fact]
    public async Task TheLibraryIsSuggestedAndDescribed()
    {
        _cells.Run("#r \"HaloLab.dll\"\nusing HaloLab.GranDpo;\nusing HaloLab.Videos;");
        Assert.Contains("GranDpoObjective", await Complete("GranDpo|"));
        string? description = await Describe("PatchGrid.Pa|rse(\"1x1x1\")");
        Assert.Contains("PatchGrid PatchGrid.Parse(string text)", description, StringComparison.Ordinal);
        Assert.Contains("time × height × width", description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheFrameworkIsDescribedWithItsDocumentation()
    {
        string? description = await Describe("Console.WriteLine|(\"x\")");
        Assert.Contains("void Console.WriteLine(string", description, StringComparison.Ordinal);
        Assert.Contains("standard output stream", description, StringComparison.Ordinal);

        // Within the arguments, the method that is called.
        Assert.Contains("string string.Join", await Describe("string.Join(\", \", |)"), StringComparison.Ordinal);
        Assert.Null(await Describe("|"));
    }

    [Theory]
    [InlineData("1 + 1", "complete")]
    [InlineData("int x = 1;", "complete")]
    [InlineData("", "complete")]
    [InlineData("if (true) {", "incomplete")]
    [InlineData("int F(int a,", "incomplete")]
    [InlineData("/* open", "incomplete")]
    [InlineData("int x = );", "invalid")]
    [InlineData("}", "invalid")]
    public void CompletenessIsTheParsers(string code, string expected) => Assert.Equal(expected, ScriptLanguage.Completeness(code));

    private async Task<string[]> Complete(string marked)
    {
        int cursor = marked.IndexOf('|', StringComparison.Ordinal);
        return [.. (await _cells.Engine.Language.CompleteAsync(marked.Remove(cursor, 1), cursor, Cancellation)).Suggestions.Select(suggestion => suggestion.Text)];
    }

    private Task<string?> Describe(string marked)
    {
        int cursor = marked.IndexOf('|', StringComparison.Ordinal);
        return _cells.Engine.Language.DescribeAsync(marked.Remove(cursor, 1), cursor, Cancellation);
    }
}
