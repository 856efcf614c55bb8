using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using HaloLab.Notebooks.Tests.Kernel;
using PuppeteerSharp;
using PuppeteerSharp.Input;
using static HaloLab.Notebooks.Tests.Documents.NotebookFile;

namespace HaloLab.Notebooks.Tests.Displays;

/// <summary>A notebook in Jupyter's own page, as a reader uses it: HALOLAB_SCREENSHOTS names a folder for pictures of it.</summary>
public class NotebookPageTests
{
    private const string Token = "halolab-test";

    private static readonly string[] Cells =
    [
        """
        #r "HaloLab.dll"
        #r "TorchSharp.dll"
        #r "Plotly.NET.dll"
        #r "Plotly.NET.CSharp.dll"
        using HaloLab.Displays;
        using HaloLab.GranDpo;
        using HaloLab.Preferences;
        using HaloLab.Videos;
        """,
        """
        byte[] pixels = Enumerable.Range(0, 8 * 16 * 16 * 3).Select(i => (byte)(i / 768 * 30)).ToArray();
        VideoClip clip = new(pixels, 8, 16, 16, 8);
        PatchRewards rewards = new(new PatchGrid(2, 2, 2), [-1, 0.5, 0.25, 1, 0, -0.5, -0.75, 0.75]);
        new ClipPlayer([new PlayerClip("clip", clip, Heat: PatchHeat.Of(rewards))])
        """,
        """Plotly.NET.CSharp.Chart.Line<int, double, string>(new[] { 1, 2, 3 }, new[] { 1.0, 4.0, 9.0 }, Name: "squares")""",
        """
        TrainingCurves curves = new("Gran-DPO", 8);
        var shown = display(curves);
        curves.Changed += () => shown.Update(curves);
        for (int step = 1; step <= 8; step++) { Thread.Sleep(600); curves.Report(step, ("loss", 1.0 / step)); }
        """,
        "int steps = 0; while (true) { Interrupt.ThrowIfCancellationRequested(); steps++; Thread.Sleep(1); }",
        "6 * 7",
        "// typing",
    ];

    [Fact]
    public async Task AReaderRunsWatchesTypesAndInterrupts()
    {
        using Jupyter jupyter = await Jupyter.Require("notebook", "jupyter_client");
        await using Browser browser = await Browser.Start();
        Write(Path.Combine(jupyter.Folder, "demo.ipynb"), [.. Cells.Select(cell => Code(cell))]);
        int port = FreePort();
        using CancellationTokenSource stop = new();
        Task server = jupyter.Serve(port, Token, stop.Token);
        try
        {
            await WaitForServer(port);
            (IPage page, _) = await browser.Open();
            await page.GoToAsync($"http://127.0.0.1:{port}/notebooks/demo.ipynb?token={Token}");
            await Until(page, "window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected()");
            await page.EvaluateExpressionAsync("Jupyter.notebook.set_autosave_interval(0)");

            // What the curve said at any time, however late somebody looks.
            await page.EvaluateExpressionAsync("window.seen = new Set(); new MutationObserver(() => document.querySelectorAll('.halo-work').forEach(work => seen.add(work.textContent))).observe(document.body, { childList: true, subtree: true }); 0");

            // Run all: the loop without end holds the queue.
            await page.EvaluateExpressionAsync("document.querySelector('#run_all_cells a, #run_all_cells').click()");
            await ClipAndHeat(page);
            await Chart(page);
            await LiveCurve(page);
            await Interrupt(page);
            await TypingAids(page);
            await Picture(page, "notebook");
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None));
        }
    }

    private static async Task ClipAndHeat(IPage page)
    {
        await Until(page, "document.querySelector('.halo-player[data-ready]')");
        string before = await page.EvaluateExpressionAsync<string>("document.querySelector('.halo-frame').textContent");
        await Until(page, $"document.querySelector('.halo-frame').textContent !== '{before}'");
        await page.EvaluateExpressionAsync("const o = document.querySelector('.halo-opacity'); o.value = 20; o.dispatchEvent(new Event('input'))");
        Assert.Equal("0.2", await page.EvaluateExpressionAsync<string>("getComputedStyle(document.querySelector('.halo-heat')).opacity"));
        IElementHandle screen = await page.QuerySelectorAsync(".halo-screen");
        await screen.HoverAsync();
        await Until(page, "/time \\d, row \\d, column \\d: /.test(document.querySelector('.halo-readout').textContent)");
    }

    private static async Task Chart(IPage page)
    {
        await Until(page, "document.querySelector('.halo-plotly[data-drawn] .nsewdrag')");
        IElementHandle plot = await page.QuerySelectorAsync(".halo-plotly .nsewdrag");
        await plot.ScrollIntoViewAsync();

        // The outputs below still grow: the chart may move away from the pointer.
        for (int i = 0; !await page.EvaluateExpressionAsync<bool>("Boolean(document.querySelector('.hovertext'))"); i++)
        {
            Assert.True(i < 100, "the chart does not answer the pointer");
            BoundingBox box = await plot.BoundingBoxAsync();
            await page.Mouse.MoveAsync(box.X + (box.Width / 2) + (i % 3), box.Y + (box.Height * 0.58m));
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('.halo-plotly').length"));
    }

    private static async Task LiveCurve(IPage page)
    {
        await Until(page, "/8 of 8 steps in/.test(document.querySelector('.halo-work')?.textContent ?? '')");
        string[] seen = await page.EvaluateExpressionAsync<string[]>("[...seen]");
        Assert.True(seen.Count(text => Regex.IsMatch(text, "[1-7] of 8 steps.* left")) >= 2, string.Join('\n', seen));

        // Updated where it stood: one output, one curve.
        Assert.Equal(1, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('.halo-work').length"));
        Assert.Equal(1, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('.halo-small svg').length"));
    }

    private static async Task Interrupt(IPage page)
    {
        const int Loop = 4;
        await Until(page, $"Jupyter.notebook.get_cell({Loop}).element[0].querySelector('.input_prompt').textContent.includes('*')");
        await page.EvaluateExpressionAsync("document.querySelector('button[data-jupyter-action=\"jupyter-notebook:interrupt-kernel\"]').click()");
        await Until(page, $"Jupyter.notebook.get_cell({Loop}).element[0].querySelector('.output_error')?.textContent.includes('Interrupted')");
        await page.EvaluateExpressionAsync($"Jupyter.notebook.execute_cells([{Loop + 1}])");
        await Until(page, $"Jupyter.notebook.get_cell({Loop + 1}).element[0].querySelector('.output_result')?.textContent.trim() === '42'");
    }

    private static async Task TypingAids(IPage page)
    {
        const int Typing = 6;
        await page.EvaluateExpressionAsync($"Jupyter.notebook.select({Typing}); Jupyter.notebook.edit_mode(); Jupyter.notebook.get_cell({Typing}).set_text(''); Jupyter.notebook.get_cell({Typing}).code_mirror.focus()");
        await page.Keyboard.TypeAsync("new GranDpo");
        await page.Keyboard.PressAsync(Key.Tab);
        await Until(page, "[...document.querySelectorAll('.completions option, .completions *')].some(item => item.textContent.trim() === 'GranDpoOptions')");
        await page.Keyboard.PressAsync(Key.Escape);
        await page.EvaluateExpressionAsync($"Jupyter.notebook.get_cell({Typing}).set_text('ClipPlayer'); Jupyter.notebook.edit_mode(); Jupyter.notebook.get_cell({Typing}).code_mirror.setCursor(0, 6); Jupyter.notebook.get_cell({Typing}).code_mirror.focus()");
        await page.Keyboard.DownAsync(Key.Shift);
        await page.Keyboard.PressAsync(Key.Tab);
        await page.Keyboard.UpAsync(Key.Shift);
        await Until(page, "document.querySelector('#tooltip')?.textContent.includes('play in step')");
        await page.Keyboard.PressAsync(Key.Escape);
    }

    private static async Task Picture(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("HALOLAB_SCREENSHOTS") is not { Length: > 0 } folder)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        for (int cell = 1; cell < Cells.Length; cell++)
        {
            await page.EvaluateExpressionAsync($"Jupyter.notebook.get_cell({cell}).element[0].scrollIntoView()");
            await page.ScreenshotAsync(Path.Combine(folder, $"{name}-{cell}.png"));
        }
    }

    private static async Task Until(IPage page, string condition)
    {
        try
        {
            await page.WaitForFunctionAsync($"() => Boolean({condition})");
        }
        catch (WaitTaskTimeoutException)
        {
            string shown = await page.EvaluateExpressionAsync<string>("[...document.querySelectorAll('.output_area')].map(area => area.textContent.slice(0, 300)).join('\\n---\\n')");
            Assert.Fail($"Never came true: {condition}\n{shown}");
        }
    }

    private static async Task WaitForServer(int port)
    {
        using HttpClient client = new();
        for (int i = 0; ; i++)
        {
            try
            {
                await client.GetAsync($"http://127.0.0.1:{port}/api?token={Token}", TestContext.Current.CancellationToken);
                return;
            }
            catch (HttpRequestException) when (i < 600)
            {
                await Task.Delay(200, TestContext.Current.CancellationToken);
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
