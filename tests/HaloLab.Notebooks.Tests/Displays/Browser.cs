using PuppeteerSharp;

namespace HaloLab.Notebooks.Tests.Displays;

/// <summary>The Chromium that is installed, driven over its own protocol; nothing is downloaded.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly IBrowser _browser;

    private Browser(IBrowser browser) => _browser = browser;

    /// <summary>Starts it; skips the test where there is none.</summary>
    public static async Task<Browser> Start()
    {
        string? path = new[] { "chromium", "chromium-browser", "google-chrome" }
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "no Chromium on the PATH (apt-get install chromium)");
        return new Browser(await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = path,
            Timeout = 120_000,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            DefaultViewport = new ViewPortOptions { Width = 1200, Height = 900 },
        }));
    }

    /// <summary>An empty page. What it asks of any machine but this one is refused and noted.</summary>
    public async Task<(IPage Page, IReadOnlyList<string> Refused)> Open()
    {
        IPage page = await _browser.NewPageAsync();

        // A machine that builds at the same time is slow.
        (page.DefaultNavigationTimeout, page.DefaultTimeout) = (120_000, 120_000);
        List<string> refused = [];
        await page.SetRequestInterceptionAsync(true);
        page.Request += async (_, request) =>
        {
            Uri address = new(request.Request.Url);
            if (address.Scheme is "data" or "blob" or "file" or "about" || address.IsLoopback)
            {
                await request.Request.ContinueAsync();
                return;
            }

            lock (refused)
            {
                refused.Add(request.Request.Url);
            }

            await request.Request.AbortAsync();
        };
        return (page, refused);
    }

    public ValueTask DisposeAsync() => _browser.DisposeAsync();
}
