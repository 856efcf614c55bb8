using System.Diagnostics;
using System.Text.RegularExpressions;
using HaloLab.Displays;

namespace HaloLab.Tests.Displays;

public sealed class BrowserTests : IDisposable
{
    /// <summary>Does what a reader does, then writes what is to be seen into attributes.</summary>
    private const string Reader = """
        <script>
        const player = document.querySelector(".halo-player"), report = document.body.dataset;
        report.players = document.querySelectorAll(".halo-player[data-ready]").length;
        report.playing = player.querySelector(".halo-play").textContent;
        player.querySelector(".halo-play").click();
        report.paused = player.querySelector(".halo-play").textContent;
        const scrubber = player.querySelector(".halo-scrubber");
        scrubber.value = 9;
        scrubber.dispatchEvent(new Event("input"));
        report.frames = [...player.querySelectorAll(".halo-strip")].map(strip => strip.style.getPropertyValue("--frame")).join(" ");
        report.shift = [...player.querySelectorAll(".halo-clip")].map(clip => {
          const screen = clip.querySelector(".halo-screen").getBoundingClientRect(), strip = clip.querySelector(".halo-strip").getBoundingClientRect();
          return Math.round((screen.left - strip.left) / screen.width);
        }).join(" ");
        const opacity = player.querySelector(".halo-opacity");
        opacity.value = 30;
        opacity.dispatchEvent(new Event("input"));
        report.opacity = getComputedStyle(player.querySelector(".halo-heat")).opacity;
        const screen = player.querySelector(".halo-screen"), box = screen.getBoundingClientRect();
        screen.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width * 0.6, clientY: box.top + box.height * 0.3 }));
        report.readout = player.querySelector(".halo-readout").textContent;
        report.pictures = [...document.images].every(image => image.complete && image.naturalWidth > 0);
        </script>
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-browser-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task PlayersPlayInStepAndAnswerTheReader()
    {
        string page = DemoPage.Build().ToHtml().Replace("</body>", Reader + "</body>", StringComparison.Ordinal);
        string body = await BodyAsync(page);
        Assert.Equal("2", Report(body, "players"));
        Assert.Equal("Pause", Report(body, "playing"));
        Assert.Equal("Play", Report(body, "paused"));

        // Tick 9 of 16 at 16 per second: frame 4 of the clips of 8 per second, frame 9 of the other.
        Assert.Equal("4 4 9", Report(body, "frames"));
        Assert.Equal("4 4 9", Report(body, "shift"));
        Assert.Equal("0.3", Report(body, "opacity"));
        double value = DemoPage.Heat(phase: 0, missing: true).Values[DemoPage.Grid.Index(2, 1, 2)];
        Assert.EndsWith($"time 3, row 2, column 3: {value}", Report(body, "readout"), StringComparison.Ordinal);
        Assert.Equal("true", Report(body, "pictures"));
    }

    [Fact]
    public async Task NotebookOutputsStandAlone()
    {
        // Two outputs in one document, each with its own copy of style and script.
        HtmlFragment output = HtmlPage.Standalone(DemoPage.Player());
        string body = await BodyAsync($"<!DOCTYPE html><body>{output}{output}{Reader}</body>");
        Assert.Equal("2", Report(body, "players"));
        Assert.Equal("4 4 9", Report(body, "shift"));
    }

    private static string Report(string body, string name) => Regex.Match(body, $"data-{name}=\"([^\"]*)\"").Groups[1].Value;

    private async Task<string> BodyAsync(string page)
    {
        string browser = Chromium.Require();
        string path = Path.Combine(_folder, "page.html");
        await File.WriteAllTextAsync(path, page, TestContext.Current.CancellationToken);
        ProcessStartInfo start = new(browser) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--headless", .. Chromium.Arguments, $"--user-data-dir={Path.Combine(_folder, "profile")}", "--window-size=1200,900", "--dump-dom", "file://" + path])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string document = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Match body = Regex.Match(document, "<body[^>]*>");
        Assert.True(body.Success, $"no document from the browser: {await errors}");
        return body.Value;
    }
}
