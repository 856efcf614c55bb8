using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Displays;
using HaloLab.Statistics;

namespace HaloLab.Notebooks.Tests.Running;

/// <summary>The staged notebooks over the run that <c>halolab reproduce</c> made: the same stages, the same numbers.</summary>
public sealed class ReproductionNotebookTests : IDisposable
{
    private static readonly string Notebooks = Path.Combine(RepositoryRoot.Path, "notebooks");

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-reproduction-notebooks").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ReproduceRendersThemFromItsStagesAndNoStageRunsTwice()
    {
        BufferedCommandResult plain = await HaloLabProgram.Run("reproduce", "--preset", "smoke", "--threads", "1", "--out", _folder);
        Assert.True(plain.IsSuccess, plain.StandardError);
        Dictionary<string, DateTime> stages = Stages();

        string[] shown = ["04-gran-dpo", "07-patch-defects"];
        foreach (string name in shown)
        {
            BufferedCommandResult rendered = await HaloLabProgram.Run("reproduce", "--preset", "smoke", "--out", _folder, "--notebooks", Path.Combine(Notebooks, name + ".ipynb"));
            Assert.True(rendered.IsSuccess, rendered.StandardError);
        }

        Assert.Equal(stages, Stages());
        string report = File.ReadAllText(Path.Combine(_folder, "report.html"));
        Assert.All(shown, name => Assert.Contains($"href=\"notebooks/{name}.html\"", report, StringComparison.Ordinal));

        // The claims of the notebook are those of the run.
        string text = string.Concat(Outputs("07-patch-defects"));
        foreach (JsonNode? claim in JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "claims.json")))!.AsArray())
        {
            double Number(string field) => claim![field]!.GetValue<double>();
            if (claim!["id"]!.GetValue<string>() is "C4" or "C5" or "C5b")
            {
                Assert.Contains(claim["statement"]!.GetValue<string>(), text, StringComparison.Ordinal);
                (string estimate, string interval) = DisplayNumber.Estimate(new Interval(Number("estimate"), Number("ciLow"), Number("ciHigh"), Number("level")));
                Assert.Contains(estimate, text, StringComparison.Ordinal);
                Assert.Contains(interval, text, StringComparison.Ordinal);
            }
        }

        Assert.Contains("at step 0: 0.693147", string.Concat(Outputs("04-gran-dpo")), StringComparison.Ordinal);
    }

    /// <summary>The stages of the run, and when each was finished.</summary>
    private Dictionary<string, DateTime> Stages() =>
        Directory.GetDirectories(Path.Combine(_folder, "stages")).ToDictionary(path => Path.GetFileName(path), path => File.GetLastWriteTimeUtc(Path.Combine(path, "stage.json")));

    private IEnumerable<string> Outputs(string name) =>
        from cell in JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "notebooks", name + ".ipynb")))!["cells"]!.AsArray()
        from output in cell!["outputs"]?.AsArray() ?? []
        let text = output!["text"] ?? output["data"]!["text/plain"]
        from line in text.AsArray()
        select line!.GetValue<string>();
}
