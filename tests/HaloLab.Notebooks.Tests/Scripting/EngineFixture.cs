using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Scripting;

namespace HaloLab.Notebooks.Tests.Scripting;

/// <summary>An engine in a folder of its own, with everything that its cells show.</summary>
internal sealed class EngineFixture : IDisposable
{
    private readonly List<CellOutput> _outputs = [];
    private int _cells;

    public EngineFixture(long printLimit = ScriptEngine.PrintLimit) => Engine = new ScriptEngine(Folder, Keep, printLimit);

    public string Folder { get; } = Directory.CreateTempSubdirectory("halolab-engine").FullName;

    public ScriptEngine Engine { get; }

    /// <summary>What the last cell showed.</summary>
    public IReadOnlyList<CellOutput> Outputs
    {
        get
        {
            lock (_outputs)
            {
                return [.. _outputs];
            }
        }
    }

    public CellError? TryRun(string code)
    {
        lock (_outputs)
        {
            _outputs.Clear();
        }

        return Engine.Run(code, $"cell {++_cells}");
    }

    /// <summary>Runs a cell that must go well.</summary>
    /// <returns>Its printed text and, as plain text, the value of its last expression.</returns>
    public string Run(string code)
    {
        CellError? error = TryRun(code);
        Assert.True(error is null, error is null ? "" : string.Join('\n', error.Trace));
        return string.Concat(Outputs.Select(output => output switch
        {
            StreamOutput { Name: StreamOutput.StandardOutput } stream => stream.Text,
            ResultOutput result => result.Data.Forms[MimeBundle.PlainText],
            _ => "",
        }));
    }

    public void Dispose()
    {
        Engine.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Keep(CellOutput output)
    {
        lock (_outputs)
        {
            _outputs.Add(output);
        }
    }
}
