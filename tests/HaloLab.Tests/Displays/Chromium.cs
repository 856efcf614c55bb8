namespace HaloLab.Tests.Displays;

/// <summary>A real browser, where one is installed.</summary>
internal static class Chromium
{
    /// <summary>Without sandbox (containers have none) and without anything that asks the network by itself.</summary>
    public static string[] Arguments { get; } = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    /// <summary>The program's path; skips the test where there is none.</summary>
    public static string Require()
    {
        string? browser = new[] { "chromium", "chromium-browser", "google-chrome" }
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "no Chromium on the PATH (apt-get install chromium)");
        return browser!;
    }
}
