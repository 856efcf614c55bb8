using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Scripting;

namespace HaloLab.Notebooks.Tests.Scripting;

/// <summary>Displays that are updated, watched and unwatched.</summary>
public class LiveDisplayTests
{
    private const string Cell = "var shown = display(\"first\"); for (int i = 0; i < 5; i++) shown.Update(i); Console.Write(\"end\");";

    [Fact]
    public void UpdatesAreSentAtOnceWhereSomebodyWatches() => Assert.Equal(["display first", "update 0", "update 1", "update 2", "update 3", "update 4", "end"], Run(isLive: true, Cell));

    [Fact]
    public void OnlyTheLastUpdateIsSentWhereNobodyWatches() => Assert.Equal(["display first", "end", "update 4"], Run(isLive: false, Cell));

    [Fact]
    public void ACellThatFailsStillShowsItsLastUpdate()
    {
        string[] shown = Run(isLive: false, "var shown = display(\"first\"); shown.Update(1); shown.Update(2); throw new InvalidOperationException(\"no\");");
        Assert.Equal(["display first", "update 2", "failed: no"], shown);
    }

    [Fact]
    public void AProgramWritesADisplayOnceAsItEnded()
    {
        TextWriter console = Console.Out;
        using StringWriter text = new();
        Console.SetOut(text);
        try
        {
            DisplayHandle one = NotebookProgram.display("one");
            one.Update("one at its end");
            Console.WriteLine("between");
            DisplayHandle two = NotebookProgram.display("two");
            NotebookProgram.display("three");
            two.Update("two at its end");
            NotebookProgram.ShowResult(4);
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.Equal(["one at its end", "between", "two", "three", "two at its end", "4", ""], text.ToString().Split(Environment.NewLine));
    }

    private static string[] Run(bool isLive, string code)
    {
        List<string> shown = [];
        using ScriptEngine engine = new(Path.GetTempPath(), output => shown.Add(output switch
        {
            DisplayOutput display => $"{(display.IsUpdate ? "update" : "display")} {display.Data.Forms[MimeBundle.PlainText]}",
            StreamOutput stream => stream.Text,
            _ => "?",
        }), isLive: isLive);
        CellError? error = engine.Run(code, "cell 1");
        return error is null ? [.. shown] : [.. shown, "failed: " + error.Message];
    }
}
