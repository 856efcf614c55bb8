using System.Text.Json.Nodes;
using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Documents;
using HaloLab.Notebooks.Scripting;
using HaloLab.Notebooks.Tests.Scripting;
using PuppeteerSharp;
using static HaloLab.Notebooks.Tests.Documents.NotebookFile;

namespace HaloLab.Notebooks.Tests.Displays;

/// <summary>Charts of Plotly.NET in cells and in a browser.</summary>
public sealed class PlotlyTests : IDisposable
{
    private const string Chart = "Plotly.NET.CSharp.Chart.Line<int, double, string>(new[] { 1, 2, 3 }, new[] { 1.0, 4.0, 9.0 }, Name: \"squares\")";
    private const string Packages = "#r \"Plotly.NET.dll\"\n#r \"Plotly.NET.CSharp.dll\"\n";

    private readonly EngineFixture _cells = new();

    public void Dispose() => _cells.Dispose();

    [Fact]
    public void TheLibraryComesOnceAndWithTheCellThatBroughtIt()
    {
        _cells.Run(Packages + Chart);
        Assert.Equal(["(plotly.js, for the charts of this notebook)", "Plotly chart: scatter 'squares' of 3 values"], Texts());
        string chart = Html()[1];
        Assert.InRange(chart.Length, 1000, 60_000);
        Assert.InRange(Html()[0].Length, 1_000_000, 2_000_000);
        Assert.All(Html(), html => Assert.DoesNotContain("cdn.", html, StringComparison.Ordinal));
        Assert.DoesNotContain("http", chart, StringComparison.Ordinal);

        _cells.Run(Chart);
        Assert.Single(Texts());
        _cells.Run($"var shown = display({Chart}); shown.Update({Chart});");
        Assert.Equal(2, Texts().Length);

        // Run again, the first cell loses its outputs; the new ones must carry the library again.
        _cells.Run(Packages + Chart);
        Assert.Equal(2, Texts().Length);
    }

    [Fact]
    public void TextOfAChartIsEscaped()
    {
        _cells.Run(Packages + "Plotly.NET.CSharp.Chart.Point<int, double, string>(new[] { 1 }, new[] { 1.0 }, Name: \"</script><b>x\")");
        Assert.Contains("\\u003C", Html()[1], StringComparison.Ordinal);
        Assert.DoesNotContain("</script><b>", Html()[1], StringComparison.Ordinal);
        Assert.Equal("Plotly chart: scatter '</script><b>x' of 1 values", Texts()[1]);
    }

    [Fact]
    public async Task ABrowserDrawsItOfflineBesideRequireJsAndFollowsTheTheme()
    {
        _cells.Run(Packages + Chart);
        string first = string.Concat(Html());
        _cells.Run($"display({Chart}); {Chart}");
        string more = string.Concat(Html());

        // The classic notebook has a loader that takes anonymous modules for itself and calls that an error.
        const string Loader = "<script>window.define = (...parts) => { document.body.dataset.taken = 'yes'; }; window.define.amd = {};</script>";
        await using Browser browser = await Browser.Start();
        (IPage page, IReadOnlyList<string> refused) = await browser.Open();
        string file = Path.Combine(_cells.Folder, "page.html");
        await File.WriteAllTextAsync(file, $"<!DOCTYPE html><html><body data-jp-theme-light=\"true\">{Loader}{first}{more}</body></html>", TestContext.Current.CancellationToken);
        await page.GoToAsync("file://" + file);
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.halo-plotly[data-drawn]').length === 3");
        Assert.Equal(3, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('.halo-plotly .scatterlayer path.js-line').length"));
        Assert.Null(await page.EvaluateExpressionAsync<string?>("document.body.dataset.taken"));
        Assert.Empty(refused);
        Assert.False(await page.EvaluateExpressionAsync<bool>("[...document.querySelectorAll('.halo-stillness')].some(text => text.offsetParent)"));

        // Point at the middle of the line.
        IElementHandle plot = await page.QuerySelectorAsync(".halo-plotly .nsewdrag");
        BoundingBox box = await plot.BoundingBoxAsync();
        await page.Mouse.MoveAsync((decimal)(box.X + (box.Width / 2)), (decimal)(box.Y + (box.Height * 0.6m)));
        await page.WaitForSelectorAsync(".hovertext");
        Assert.Contains("4", await page.EvaluateExpressionAsync<string>("document.querySelector('.hovertext').textContent"), StringComparison.Ordinal);

        const string Ink = "getComputedStyle(document.querySelector('.halo-plotly .xtick text')).fill";
        string light = await page.EvaluateExpressionAsync<string>(Ink);
        await page.EvaluateExpressionAsync("document.body.dataset.jpThemeLight = 'false'");
        await page.WaitForFunctionAsync($"() => {Ink} !== '{light}'");
    }

    [Fact]
    public async Task ThePageOfARunNotebookDrawsItUnderItsContentPolicy()
    {
        string[] code =
        [
            Packages + Chart,
            "#r \"Microsoft.Data.Analysis.dll\"\nusing Microsoft.Data.Analysis;\nnew DataFrame(new StringDataFrameColumn(\"arm\", new[] { \"HALO\", \"base\" }), new DoubleDataFrameColumn(\"defects (%)\", new[] { 6.61, 7.25 }))",
            "#r \"TorchSharp.dll\"\nTorchSharp.torch.outer(TorchSharp.torch.linspace(-3, 3, 40).sin(), TorchSharp.torch.linspace(0, 6, 60).cos())",
        ];
        List<JsonObject> cells = [];
        foreach (string text in code)
        {
            _cells.Run(text);
            JsonObject cell = Code(text);
            foreach (CellOutput output in _cells.Outputs)
            {
                JsonObject content = output.ToContent(1);
                content.Remove("transient");
                content["output_type"] = output.MessageType;
                cell["outputs"]!.AsArray().Add(content);
            }

            cells.Add(cell);
        }

        string file = Path.Combine(_cells.Folder, "page.html");
        NotebookPage.Write(Notebook.Read(Write(Path.Combine(_cells.Folder, "page.ipynb"), [.. cells])), file);
        await using Browser browser = await Browser.Start();
        (IPage page, IReadOnlyList<string> refused) = await browser.Open();
        await page.GoToAsync("file://" + file);
        await page.WaitForSelectorAsync(".halo-plotly[data-drawn]");
        Assert.Empty(refused);
        await page.EvaluateExpressionAsync("document.querySelectorAll('.halo-table th')[1].click(); document.querySelectorAll('.halo-table th')[1].click(); document.querySelector('.halo-facts').open = true");
        Assert.Equal("base", await page.EvaluateExpressionAsync<string>("document.querySelector('.halo-table tbody td').textContent"));
        if (Environment.GetEnvironmentVariable("HALOLAB_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            await page.ScreenshotAsync(Path.Combine(folder, "page-light.png"), new ScreenshotOptions { FullPage = true });
            await page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = "dark" }]);
            await Task.Delay(1000, TestContext.Current.CancellationToken);
            await page.ScreenshotAsync(Path.Combine(folder, "page-dark.png"), new ScreenshotOptions { FullPage = true });
        }
    }

    private string[] Texts() => [.. Bundles().Select(bundle => bundle.Forms[MimeBundle.PlainText])];

    private string[] Html() => [.. Bundles().Select(bundle => bundle.Forms[MimeBundle.Html])];

    private IEnumerable<MimeBundle> Bundles() => _cells.Outputs.Select(output => output switch
    {
        DisplayOutput display => display.Data,
        ResultOutput result => result.Data,
        _ => throw new InvalidOperationException(output.ToString()),
    });
}
