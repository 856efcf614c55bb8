using System.Diagnostics;
using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Scripting;

namespace HaloLab.Notebooks.Tests.Scripting;

/// <summary>What cells can do, without Jupyter.</summary>
public sealed class ScriptEngineTests : IDisposable
{
    private readonly EngineFixture _cells = new();

    public void Dispose() => _cells.Dispose();

    [Fact]
    public void StatePersistsAndNamesCanBeDeclaredAgain()
    {
        _cells.Run("int x = 20; int Twice(int n) => 2 * n; record Point(int X);");
        Assert.Equal("42", _cells.Run("x += 1; Twice(x)"));
        Assert.Equal("text", _cells.Run("string x = \"text\"; x"));
        _cells.Run("int Twice(int n) => 3 * n; record Point(int X, int Y);");
        Assert.Equal("15Point { X = 1, Y = 2 }", _cells.Run("Console.Write(Twice(5)); new Point(1, 2)"));
    }

    [Fact]
    public void AwaitUsingAndLastExpressionWork()
    {
        _cells.Run("using System.Numerics;");
        Assert.Equal("7", _cells.Run("await Task.Delay(1); var big = new BigInteger(6); await Task.FromResult(big + 1)"));
        Assert.Equal("", _cells.Run("var y = 1;"));
        Assert.Equal("0.5", _cells.Run("0.5"));
    }

    [Fact]
    public void WhatACellDeclaredBeforeItFailedStays()
    {
        CellError error = _cells.TryRun("int kept = 5;\nthrow new InvalidOperationException(\"no\");")!;
        Assert.Equal(("System.InvalidOperationException", "no"), (error.Name, error.Message));
        Assert.Contains("   cell 1, line 2: throw new InvalidOperationException(\"no\");", error.Trace);
        Assert.Equal("5", _cells.Run("kept"));
    }

    [Fact]
    public void ErrorsNameLineAndCauseWithoutAPageOfStack()
    {
        CellError compilation = _cells.TryRun("int a = 1;\nint b = missing + 1;")!;
        Assert.Contains("cell 1, line 2, column 9: CS0103", compilation.Trace[0], StringComparison.Ordinal);
        Assert.Equal("            ^^^^^^^", compilation.Trace[2]);

        _cells.Run("void Inner() => throw new InvalidOperationException(\"outer\", new ArgumentException(\"deep\"));");
        CellError thrown = _cells.TryRun("\nInner();")!;
        Assert.Equal("System.InvalidOperationException: outer", thrown.Trace[0]);
        Assert.Equal("caused by System.ArgumentException: deep", thrown.Trace[1]);
        Assert.Contains("   cell 2, line 1: void Inner() => throw new InvalidOperationException(\"outer\", new ArgumentException(\"deep\"));", thrown.Trace);
        Assert.Contains("   cell 3, line 2: Inner();", thrown.Trace);
        Assert.InRange(thrown.Trace.Count, 4, 6);

        CellError input = _cells.TryRun("#r \"HaloLab.dll\"\nHaloLab.Videos.PatchGrid.Parse(\"4\")")!;
        Assert.StartsWith("Grid '4': expected", input.Trace[0], StringComparison.Ordinal);
    }

    [Fact]
    public void ErrorsSayWhatToDoWhereThatIsKnown()
    {
        CellError unknown = _cells.TryRun("int b = missing + 1;")!;
        Assert.StartsWith("→ 'missing' is not known here. If a cell above declares it, run that cell first", unknown.Trace[^1], StringComparison.Ordinal);

        _cells.Run("#r \"HaloLab.dll\"\n#r \"TorchSharp.dll\"\nusing static TorchSharp.torch;\nvar pair = ones(3);");
        CellError shapes = _cells.TryRun("var fine = 1;\nvar sum = pair + ones(4);")!;
        Assert.Contains("The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0", shapes.Message, StringComparison.Ordinal);
        Assert.Contains("   cell 3, line 2: var sum = pair + ones(4);", shapes.Trace);
        Assert.StartsWith("→ Shapes do not fit", shapes.Trace[^1], StringComparison.Ordinal);

        // Torch's own message is followed by pages of C++.
        Assert.DoesNotContain("frame #", string.Join('\n', shapes.Trace), StringComparison.Ordinal);
        Assert.InRange(string.Join('\n', shapes.Trace).Split('\n').Length, 3, 9);

        CellError freed = _cells.TryRun("pair.Dispose(); pair.sum()")!;
        Assert.StartsWith("→ A dispose scope, or a using, has freed it", freed.Trace[^1], StringComparison.Ordinal);
        CellError file = _cells.TryRun("File.ReadAllText(\"no/such.txt\")")!;
        Assert.StartsWith("→ A relative path begins at the notebook's folder", file.Trace[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ConsoleIsCapturedInOrderWithDisplays()
    {
        _cells.Run("Console.WriteLine(\"one\"); Console.Error.Write(\"wrong\"); display(\"two\"); Console.Write('3'); 4");
        Assert.Equal(
            ["stdout one\n", "stderr wrong", "display two", "stdout 3", "result 4"],
            _cells.Outputs.Select(output => output switch
            {
                StreamOutput stream => $"{stream.Name} {stream.Text}",
                DisplayOutput display => "display " + display.Data.Forms[MimeBundle.PlainText],
                ResultOutput result => "result " + result.Data.Forms[MimeBundle.PlainText],
                _ => "?",
            }));
    }

    [Fact]
    public async Task TextIsStreamedWhileTheCellRuns()
    {
        Task<string> running = Task.Run(() => _cells.Run("Console.Write(\"early\"); Thread.Sleep(1500); Console.Write(\" late\");"), TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => _cells.Outputs.Count == 1, TimeSpan.FromSeconds(20)), "nothing came");
        Assert.False(running.IsCompleted);
        Assert.Equal("early", ((StreamOutput)_cells.Outputs[0]).Text);
        Assert.Equal("early late", await running);
    }

    [Fact]
    public void DisplaysCanBeUpdated()
    {
        _cells.Run("var handle = display(1);");
        string id = ((DisplayOutput)_cells.Outputs[0]).DisplayId!;
        _cells.Run("handle.Update(2);");
        DisplayOutput update = (DisplayOutput)Assert.Single(_cells.Outputs);
        Assert.Equal((id, true, "2"), (update.DisplayId!, update.IsUpdate, update.Data.Forms[MimeBundle.PlainText]));
    }

    [Fact]
    public void FormatterSourcesAreFoundByTheNameOfTheirAttribute()
    {
        _cells.Run("""
            public class TypeFormatterSourceAttribute : Attribute
            {
                public TypeFormatterSourceAttribute(Type type) => FormatterSourceType = type;
                public Type FormatterSourceType { get; }
            }
            public class ShoutFormatter
            {
                public string MimeType => "text/html";
                public bool Format(object value, TextWriter writer) { writer.Write($"<b>{value}!</b>"); return true; }
            }
            public class ShoutSource { public IEnumerable<object> CreateTypeFormatters() => new object[] { new ShoutFormatter() }; }
            [TypeFormatterSource(typeof(ShoutSource))] public class Shout { public override string ToString() => "hey"; }
            """);
        _cells.Run("class Louder : Shout { } new Louder()");
        ResultOutput result = (ResultOutput)Assert.Single(_cells.Outputs);
        Assert.Equal(("<b>hey!</b>", "hey"), (result.Data.Forms[MimeBundle.Html], result.Data.Forms[MimeBundle.PlainText]));
    }

    [Fact]
    public void CellsCanRegisterForms()
    {
        _cells.Run("Formatters.Register<Version>(\"text/html\", version => $\"<i>{version.Major}</i>\"); new Version(3, 1)");
        ResultOutput result = (ResultOutput)Assert.Single(_cells.Outputs);
        Assert.Equal(("<i>3</i>", "3.1"), (result.Data.Forms[MimeBundle.Html], result.Data.Forms[MimeBundle.PlainText]));
    }

    [Fact]
    public void ObjectsWithSpansAreNoStumblingBlock()
    {
        _cells.Run("public class Spans { public ReadOnlySpan<byte> Bytes => new byte[2]; }");
        Assert.EndsWith("Spans", _cells.Run("new Spans()"), StringComparison.Ordinal);
        _cells.Run("#r \"HaloLab.dll\"\nvar clip = new HaloLab.Videos.VideoClip(new byte[12], 1, 2, 2, 8);");
        Assert.EndsWith("a    1 frames of 2×2, 8 per second", _cells.Run("new Dictionary<string, HaloLab.Videos.VideoClip> { [\"a\"] = clip }"), StringComparison.Ordinal);
    }

    [Fact]
    public void SequencesOfObjectsAreTables()
    {
        _cells.Run("new[] { new { A = 1, B = \"<\" }, new { A = 2, B = \"x\" } }");
        IReadOnlyDictionary<string, string> forms = ((ResultOutput)Assert.Single(_cells.Outputs)).Data.Forms;
        Assert.Equal("A  B\n─  ─\n1  <\n2  x", forms[MimeBundle.PlainText].ReplaceLineEndings("\n"));
        Assert.Contains("<thead><tr><th class=\"halo-number\">A</th><th>B</th></tr></thead>", forms[MimeBundle.Html], StringComparison.Ordinal);
        Assert.Contains("<tr><td class=\"halo-number\" data-value=\"1\">1</td><td>&lt;</td></tr>\n<tr><td class=\"halo-number\" data-value=\"2\">2</td><td>x</td></tr>", forms[MimeBundle.Html], StringComparison.Ordinal);
        Assert.EndsWith($"200{Environment.NewLine}The first 200 rows.", _cells.Run("Enumerable.Range(1, 300).Select(n => new { n })"), StringComparison.Ordinal);
        _cells.Run("new[] { 1, 2 }");
        Assert.False(((ResultOutput)Assert.Single(_cells.Outputs)).Data.Forms.ContainsKey(MimeBundle.Html));
    }

    [Fact]
    public void TimeIsShownAndOtherDirectivesAreRefused()
    {
        Assert.Matches(@"^3Wall time: \d+\.\d ms\n$", _cells.Run("#!time\n1 + 2"));
        Assert.Equal("1", _cells.Run("#!csharp\n1"));
        Assert.Contains("'#!fsharp' is not known", _cells.TryRun("\n#!fsharp\n1")!.Message, StringComparison.Ordinal);
        Assert.Equal("#!text", _cells.Run("\"\"\"\n#!text\n\"\"\""));
    }

    [Fact]
    public void ScriptsAndLibrariesAreFoundBesideTheNotebook()
    {
        Directory.CreateDirectory(Path.Combine(_cells.Folder, "lib"));
        SmallLibrary.Build(Path.Combine(_cells.Folder, "lib", "Small.dll"), "namespace Small { public static class Answer { public static int Value => 41; } }");
        File.WriteAllText(Path.Combine(_cells.Folder, "lib", "start.csx"), "#r \"Small.dll\"\nint one = 1;");
        Assert.Equal("42", _cells.Run("#load \"lib/start.csx\"\nSmall.Answer.Value + one"));
        Assert.Equal("41", _cells.Run("Small.Answer.Value"));
    }

    [Fact]
    public void ALibraryCanBeBuiltAnewWhileItIsInUse()
    {
        string path = Path.Combine(_cells.Folder, "Small.dll");
        SmallLibrary.Build(path, "public static class Answer { public static int Value => 1; public static int Other() => 3; }");
        _cells.Run("#r \"Small.dll\"\nAnswer.Value");
        SmallLibrary.Build(path, "public static class Answer { public static int Value => 2; }");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(5));
        Assert.Equal("13", _cells.Run("Console.Write(Answer.Value); Answer.Other()"));
        Assert.Equal("1", _cells.Run("#r \"Small.dll\"\nAnswer.Value"));
        Assert.Contains(_cells.Outputs.OfType<StreamOutput>(), output => output.Text.Contains("Restart the kernel", StringComparison.Ordinal));
    }

    [Fact]
    public void AMissingLibraryIsNamedWithWhatToDo()
    {
        CellError error = _cells.TryRun("#r \"../out/Missing.dll\"")!;
        Assert.Contains("out/Missing.dll does not exist", error.Trace[^1], StringComparison.Ordinal);
        Assert.Contains("build the project first", error.Trace[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void TheHostsLibrariesAreTheCellsLibraries()
    {
        string copy = Path.Combine(_cells.Folder, "HaloLab.dll");
        File.Copy(typeof(InputException).Assembly.Location, copy);
        Assert.Equal("True", _cells.Run($"#r \"HaloLab.dll\"\n#r \"TorchSharp.dll\"\ntypeof(HaloLab.InputException).Assembly.Location == \"{typeof(InputException).Assembly.Location}\""));
        Assert.Empty(_cells.Outputs.OfType<StreamOutput>());
        Assert.Equal("6", _cells.Run("TorchSharp.torch.ones(2, 3).sum().item<float>()"));

        SmallLibrary.Build(copy, "namespace HaloLab { public class InputException { } }");
        _cells.Run("#r \"HaloLab.dll\"\nnew HaloLab.InputException(\"x\")");
        Assert.Contains("another build", Assert.Single(_cells.Outputs.OfType<StreamOutput>()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void PackagesAreRestored()
    {
        const string Package = "Humanizer.Core";
        CellError? error = _cells.TryRun($"#r \"nuget: {Package}, 2.14.1\"\nusing Humanizer;\n\"some_text\".Humanize()");
        Assert.SkipWhen(error?.Message.Contains("NU1301", StringComparison.Ordinal) == true, "no package feed can be reached");
        Assert.True(error is null, error?.Message);
        Assert.Equal("some text", ((ResultOutput)_cells.Outputs[^1]).Data.Forms[MimeBundle.PlainText]);
        Assert.Equal("two words", _cells.Run("\"two_words\".Humanize()"));
    }

    [Fact]
    public void PackagesBringWhatTheyDependOn()
    {
        CellError? error = _cells.TryRun("#r \"nuget: Plotly.NET.CSharp, 0.14.0\"\nusing Plotly.NET.CSharp;\nChart.Line<int, double, string>(new[] { 1, 2 }, new[] { 1.0, 4.0 })");
        Assert.SkipWhen(error?.Message.Contains("NU1301", StringComparison.Ordinal) == true, "no package feed can be reached");
        Assert.True(error is null, error?.Message);
        Assert.Equal("Plotly chart: scatter of 2 values", ((ResultOutput)_cells.Outputs[^1]).Data.Forms[MimeBundle.PlainText]);
    }

    [Fact]
    public void APackageThatIsNotThereIsNamed()
    {
        CellError error = _cells.TryRun("#r \"nuget: HaloLab.NoSuchPackage, 1.0.0\"")!;
        Assert.Contains("HaloLab.NoSuchPackage 1.0.0 cannot be restored", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InterruptReachesTheCellsToken()
    {
        _cells.Run("int steps = 0;");
        CellError error = Interrupted("while (true) { Interrupt.ThrowIfCancellationRequested(); steps++; Thread.Sleep(1); }", out TimeSpan taken);
        Assert.Equal("The cell was interrupted.", error.Message);
        Assert.True(taken < TimeSpan.FromSeconds(1.5), $"took {taken}");
        Assert.Equal("True", _cells.Run("steps > 0 && !Interrupt.IsCancellationRequested"));
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("Thread.Sleep(-1);")]
    [InlineData("await Task.Delay(-1);")]
    public void CodeThatDoesNotLookIsStoppedAllTheSame(string code)
    {
        _cells.Run("int before = 1;");
        CellError error = Interrupted(code, out TimeSpan taken);
        Assert.Equal(CellError.InterruptedName, error.Name);
        Assert.InRange(taken.TotalSeconds, 1, 8);
        Assert.Equal("2", _cells.Run("before + 1"));
    }

    [Fact]
    public void CodeThatComputesIsStoppedEveryTime()
    {
        // The runtime stops code from within its own signal, which a thread that was stopped so does not take again.
        _cells.Run("#r \"TorchSharp.dll\"\nusing static TorchSharp.torch; set_num_threads(1); Thread own = Thread.CurrentThread;");
        Assert.Equal("True", _cells.Run("own == Thread.CurrentThread"));
        for (int time = 0; time < 3; time++)
        {
            CellError error = Interrupted("while (true) { }", out TimeSpan taken);
            Assert.Equal(CellError.InterruptedName, error.Name);
            Assert.InRange(taken.TotalSeconds, 1, 8);
        }

        Assert.Equal("1", _cells.Run("get_num_threads()"));

        // Nor does what is started from a thread with the signal blocked (the last of the runtime's real-time signals, 34).
        string status = _cells.Run("Console.Write(System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(\"cat\", \"/proc/self/status\") { RedirectStandardOutput = true })!.StandardOutput.ReadToEnd())");
        string blocked = status.Split('\n').Single(line => line.StartsWith("SigBlk:", StringComparison.Ordinal))["SigBlk:".Length..].Trim();
        Assert.Equal(0ul, Convert.ToUInt64(blocked, 16) >> 33 & 1);
    }

    [Fact]
    public void InterruptBetweenCellsDoesNothing()
    {
        _cells.Run("1");
        _cells.Engine.Interrupt();
        Assert.Equal("2", _cells.Run("2"));
    }

    [Fact]
    public void TypedInputIsRefused() => Assert.Contains("cannot ask for typed input", _cells.TryRun("Console.ReadLine()")!.Message, StringComparison.Ordinal);

    [Fact]
    public void EmptyCellsDoNothing()
    {
        foreach (string code in new[] { "", "  \n", "// a comment", "/* another */\n" })
        {
            Assert.Equal("", _cells.Run(code));
        }

        Assert.NotNull(_cells.TryRun("}"));
    }

    [Fact]
    public void PrintingStopsAtTheLimitAndSaysSo()
    {
        using EngineFixture cells = new(printLimit: 1000);
        string text = cells.Run("for (int i = 0; i < 1000; i++) Console.WriteLine(\"0123456789\");");
        Assert.StartsWith("0123456789\n", text, StringComparison.Ordinal);
        Assert.EndsWith("[cut off: this cell has printed more than 1,000 characters; the rest is not shown]\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1000, 1200);
        Assert.Equal("again", cells.Run("Console.Write(\"again\");"));
    }

    private CellError Interrupted(string code, out TimeSpan taken)
    {
        Stopwatch watch = new();
        Thread interrupting = new(() =>
        {
            Thread.Sleep(700);
            watch.Start();
            _cells.Engine.Interrupt();
        });
        interrupting.Start();
        CellError? error = _cells.TryRun(code);
        taken = watch.Elapsed;
        interrupting.Join();
        Assert.NotNull(error);
        return error;
    }
}
