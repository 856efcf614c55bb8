using System.Diagnostics;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using static HaloLab.Notebooks.Tests.Documents.NotebookFile;

namespace HaloLab.Notebooks.Tests.Running;

/// <summary><c>halolab notebooks run</c> as a user runs it.</summary>
public sealed class NotebookRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-runner").FullName;

    private string Out => Path.Combine(_folder, "out");

    private string File1 => Path.Combine(_folder, "one.ipynb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task WritesTheNotebookWithItsResultsAndAPage()
    {
        File.WriteAllBytes(Path.Combine(_folder, "dot.png"), [1, 2, 3]);
        Write(
            File1,
            Markdown("# A small <title>\n\nText with $x^2$ and ![dot](dot.png).\n\n## First part"),
            Code("string who = \"nobody\"; int n = 1;", "parameters"),
            Code("Console.WriteLine($\"hello {who}\"); Console.Write(n); var handle = display(1); handle.Update(\"second\");"),
            Code("HTML(\"<b>bold</b>\")"));
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "run", File1, "--set", "who=reader", "--set", "n=7", "--out", Out);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(Path.Combine(Out, "one.html") + "\n", result.StandardOutput);

        JsonArray cells = JsonNode.Parse(File.ReadAllText(Path.Combine(Out, "one.ipynb")))!["cells"]!.AsArray();
        Assert.Equal("injected-parameters", cells[2]!["metadata"]!["tags"]![0]!.GetValue<string>());
        JsonArray outputs = cells[3]!["outputs"]!.AsArray();
        Assert.Equal(["hello reader\n", "7"], outputs[0]!["text"]!.AsArray().Select(line => line!.GetValue<string>()));
        Assert.Equal("second", outputs[1]!["data"]!["text/plain"]![0]!.GetValue<string>());
        Assert.Equal(4, cells[4]!["execution_count"]!.GetValue<int>());
        Assert.Equal("execute_result", cells[4]!["outputs"]![0]!["output_type"]!.GetValue<string>());

        string page = File.ReadAllText(Path.Combine(Out, "one.html"));
        Assert.Contains("<h1>A small ", page, StringComparison.Ordinal);
        Assert.Contains("First part</h2>", page, StringComparison.Ordinal);
        Assert.Contains("<b>bold</b>", page, StringComparison.Ordinal);
        Assert.Contains("<msup><mi>x</mi><mn>2</mn></msup>", page, StringComparison.Ordinal);
        Assert.Contains("data:image/png;base64,AQID", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailingCellIsPointedAtAndTheNextRunGoesOnThere()
    {
        string second = Path.Combine(_folder, "two.ipynb");
        Write(File1, Code($"File.AppendAllText({Literal("ran")}, \"1\");"));
        Write(second, Code("int fine = 1;"), Code("// the second cell\nthrow new InvalidOperationException(\"broken\");"));
        string error = await HaloLabProgram.Refuses("two.ipynb: cell 2 of 2 failed (\"// the second cell\"):", "notebooks", "run", File1, second, "--out", Out);
        Assert.Contains("System.InvalidOperationException: broken\n   cell 2, line 2", error, StringComparison.Ordinal);
        Assert.Contains("broken", File.ReadAllText(Path.Combine(Out, "two.html")), StringComparison.Ordinal);
        Assert.Equal("error", JsonNode.Parse(File.ReadAllText(Path.Combine(Out, "two.ipynb")))!["cells"]![1]!["outputs"]![0]!["output_type"]!.GetValue<string>());

        Write(second, Code("int fine = 1;"));
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "run", File1, second, "--out", Out);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("one: found finished", result.StandardError, StringComparison.Ordinal);
        Assert.Equal("1", File.ReadAllText(Path.Combine(_folder, "ran")));

        // Another script beside the notebook, or another parameter, is another run.
        File.WriteAllText(Path.Combine(_folder, "more.csx"), "");
        await HaloLabProgram.Run("notebooks", "run", File1, "--out", Out);
        Assert.Equal("11", File.ReadAllText(Path.Combine(_folder, "ran")));
    }

    [Fact]
    public async Task ACellThatNeverEndsIsStopped()
    {
        Write(File1, Code("Console.WriteLine(\"before\");\nwhile (true) { }"));
        Stopwatch watch = Stopwatch.StartNew();
        await HaloLabProgram.Refuses("The cell did not end within 2 s (--timeout) and was stopped.", "notebooks", "run", File1, "--out", Out, "--timeout", "2");
        Assert.InRange(watch.Elapsed.TotalSeconds, 2, 30);
        Assert.Contains("before", File.ReadAllText(Path.Combine(Out, "one.ipynb")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACellThatPrintsAGigabyteIsCutOff()
    {
        Write(File1, Code("var line = new string('x', 999_999);\nfor (int i = 0; i < 1000; i++) Console.WriteLine(line);"), Code("Environment.WorkingSet / 1_000_000"));
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "run", File1, "--out", Out);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.InRange(new FileInfo(Path.Combine(Out, "one.ipynb")).Length, 4_000_000, 5_000_000);
        JsonNode notebook = JsonNode.Parse(File.ReadAllText(Path.Combine(Out, "one.ipynb")))!;
        string printed = notebook["cells"]![0]!["outputs"]![0]!["text"]!.AsArray()[^1]!.GetValue<string>();
        Assert.Contains("[cut off: this cell has printed more than 4,000,000 characters; the rest is not shown]", printed, StringComparison.Ordinal);
        long megabytes = long.Parse(notebook["cells"]![1]!["outputs"]![0]!["data"]!["text/plain"]![0]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(megabytes, 50, 700);
    }

    [Theory]
    [InlineData("using System.Runtime.InteropServices;\n[DllImport(\"libc\")] static extern void abort();\nConsole.WriteLine(\"before\"); Console.Out.Flush();\nabort();", "ended by signal 6 (SIGABRT)")]
    [InlineData("Console.WriteLine(\"before\"); Console.Out.Flush();\nEnvironment.Exit(3);", "ended by itself with code 3")]
    public async Task ACellThatKillsItsProcessIsReported(string code, string expected)
    {
        Write(File1, Code("1"), Code(code));
        string error = await HaloLabProgram.Refuses(expected, "notebooks", "run", File1, "--out", Out);
        Assert.Contains("one.ipynb: cell 2 of 2 failed", error, StringComparison.Ordinal);
        string notebook = File.ReadAllText(Path.Combine(Out, "one.ipynb"));
        Assert.Contains("before", notebook, StringComparison.Ordinal);
        Assert.Contains("ProcessDied", notebook, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongInputIsRefusedBeforeAnythingRuns()
    {
        Write(File1, Code($"int known = 1; File.WriteAllText({Literal("ran")}, \"1\");", "parameters"));
        await HaloLabProgram.Refuses("'unknown' is not a parameter. Known are known (int).", "notebooks", "run", File1, "--set", "unknown=1", "--out", Out);
        await HaloLabProgram.Refuses("--set known: expected NAME=VALUE", "notebooks", "run", File1, "--set", "known", "--out", Out);
        await HaloLabProgram.Refuses("--timeout", "notebooks", "run", File1, "--timeout", "0", "--out", Out);
        await HaloLabProgram.Refuses("cannot be read", "notebooks", "run", Path.Combine(_folder, "none.ipynb"), "--out", Out);
        File.WriteAllText(Path.Combine(_folder, "bad.ipynb"), "{");
        await HaloLabProgram.Refuses("bad.ipynb: not a notebook, its JSON is broken", "notebooks", "run", _folder, "--out", Out);
        Assert.False(Directory.Exists(Out));
        Assert.False(File.Exists(Path.Combine(_folder, "ran")));
    }

    [Fact]
    public async Task AMissingLibraryBuildIsNamed()
    {
        Write(File1, Code("#r \"bin/NotBuilt.dll\""));
        string error = await HaloLabProgram.Refuses("bin/NotBuilt.dll does not exist", "notebooks", "run", File1, "--out", Out);
        Assert.Contains("build the project first", error, StringComparison.Ordinal);
    }

    private string Literal(string name) => $"\"{Path.Combine(_folder, name)}\"";
}
