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

    /// <summary>Sorts, pages, filters and drags.</summary>
    private const string SecondReader = """
        <script>
        const report = document.body.dataset;
        const table = document.querySelector(".halo-table"), column = i => [...table.tBodies[0].rows].map(row => row.cells[i].textContent).join("|");
        table.tHead.rows[0].cells[1].click();
        report.rising = column(1);
        table.tHead.rows[0].cells[1].click();
        report.falling = column(1);
        table.tHead.rows[0].cells[2].dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        report.seeds = column(2);
        report.sorted = table.tHead.rows[0].cells[2].getAttribute("aria-sort");
        const cards = document.querySelector(".halo-cards"), shown = () => [...cards.querySelectorAll(".halo-card")].filter(card => card.offsetParent).map(card => card.querySelector("p").textContent.slice(-1)).join("");
        const count = cards.querySelector(".halo-count");
        report.first = shown();
        cards.querySelector(".halo-next").click();
        report.second = shown();
        report.count = count.textContent;
        cards.querySelector(".halo-next").click();
        report.last = shown() + cards.querySelector(".halo-next").disabled;
        const search = cards.querySelector(".halo-search"), verdict = cards.querySelector(".halo-verdict");
        search.value = "LEFT circle";
        search.dispatchEvent(new Event("input"));
        report.left = shown();
        verdict.value = "a";
        verdict.dispatchEvent(new Event("change"));
        report.both = shown() + " " + count.textContent;
        search.value = "nothing like it";
        search.dispatchEvent(new Event("input"));
        report.none = shown() + count.textContent;
        const stack = document.querySelector(".halo-stack"), player = stack.closest(".halo-player");
        report.split = stack.style.getPropertyValue("--split");
        const split = player.querySelector(".halo-split");
        split.value = 20;
        split.dispatchEvent(new Event("input"));
        player.scrollIntoView();
        const moved = stack.getBoundingClientRect();
        const at = share => document.elementFromPoint(moved.left + moved.width * share, moved.top + 20)?.closest(".halo-clip")?.dataset.title;
        report.sides = `${at(0.1)} ${at(0.3)}`;
        stack.dispatchEvent(new PointerEvent("pointerdown", { clientX: moved.left + moved.width * 0.75, buttons: 1 }));
        report.dragged = `${split.value} ${at(0.7)} ${at(0.8)}`;
        report.hidden = [...document.querySelectorAll(".halo-poster")].filter(poster => poster.offsetParent).length;
        report.players = document.querySelectorAll(".halo-player").length === document.querySelectorAll(".halo-player[data-ready]").length;
        </script>
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-browser-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task PlayersPlayInStepAndAnswerTheReader()
    {
        string page = DemoPage.Build().ToHtml().Replace("</body>", Reader + "</body>", StringComparison.Ordinal);
        string body = await BodyAsync(page);
        Assert.Equal("11", Report(body, "players"));
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
    public async Task TablesSortPairsPageAndTheSliderDivides()
    {
        HtmlPage page = new HtmlPage("t").Add("table", DemoPage.Sortable().ToHtml()).Add("cards", DemoPage.Pairs().ToHtml()).Add("compare", DemoPage.Comparison().ToHtml());
        string body = await BodyAsync(page.ToHtml().Replace("</body>", SecondReader + "</body>", StringComparison.Ordinal));
        Assert.Equal("−0.500|6.61|7.25|–", Report(body, "rising"));
        Assert.Equal("7.25|6.61|−0.500|–", Report(body, "falling"));
        Assert.Equal("1|2|3|10", Report(body, "seeds"));
        Assert.Equal("ascending", Report(body, "sorted"));
        Assert.Equal(("012", "345", "67true"), (Report(body, "first"), Report(body, "second"), Report(body, "last")));
        Assert.Equal("page 2 of 3, 8 of 8 pairs", Report(body, "count"));

        // Odd takes move left; A is better by more than 0.15 from take 4 on.
        Assert.Equal("135", Report(body, "left"));
        Assert.Equal("57 page 1 of 1, 2 of 8 pairs", Report(body, "both"));
        Assert.Equal("no pair matches", Report(body, "none"));
        Assert.Equal("50", Report(body, "split"));
        Assert.Equal("base HALO", Report(body, "sides"));
        Assert.Equal("75 base HALO", Report(body, "dragged"));
        Assert.Equal("0", Report(body, "hidden"));
        Assert.Equal("true", Report(body, "players"));
    }

    [Fact]
    public async Task WithoutStyleAndScriptAPosterOfEachClipIsLeft()
    {
        // What GitHub leaves of a notebook's output.
        string stripped = Regex.Replace(HtmlPage.Standalone(DemoPage.Player()).Markup, "<(style|script)>.*?</\\1>| style=\"[^\"]*\"| class=\"[^\"]*\"", "", RegexOptions.Singleline);
        const string Look = "<script>document.body.dataset.seen = [...document.images].filter(image => image.offsetParent).map(image => `${image.width}x${image.height}`).join(' ');</script>";
        Assert.Equal("224x224 224x224 224x224", Report(await BodyAsync($"<!DOCTYPE html><body>{stripped}{Look}</body>"), "seen"));
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

    [Fact]
    public async Task ClipsPlayWithoutTheirScriptAndMarkNothingByThemselves()
    {
        const string Look = """
            <script>
            const report = document.body.dataset;
            report.moving = [...document.querySelectorAll(".halo-strip.halo-moving")].map(strip => getComputedStyle(strip).animationName).join(" ");
            report.marks = [...document.querySelectorAll(".halo-mark")].map(mark => getComputedStyle(mark).display).join(" ");
            </script>
            """;
        string page = DemoPage.Build().ToHtml().Replace("</body>", Look + "</body>", StringComparison.Ordinal);
        string withoutScript = Regex.Replace(page, "<script>(?!\\s*const report).*?</script>", "", RegexOptions.Singleline);
        Assert.Matches("^halo-play( halo-play)*$", Report(await BodyAsync(withoutScript), "moving"));

        // With it, clips move as the scrubber says, and a cell is marked only under the pointer.
        string body = await BodyAsync(page);
        Assert.Matches("^none( none)*$", Report(body, "moving"));
        Assert.Matches("^none( none)*$", Report(body, "marks"));
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
