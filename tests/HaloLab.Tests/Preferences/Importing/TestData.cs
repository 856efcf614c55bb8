namespace HaloLab.Tests.Preferences.Importing;

/// <summary>Real published data, where it is given: HALOLAB_DATA, or <c>shared/data</c> beside the checkout.</summary>
internal static class TestData
{
    /// <summary>The path of a file or folder in it; skips the test where it is missing.</summary>
    public static string Require(params string[] parts)
    {
        string data = Environment.GetEnvironmentVariable("HALOLAB_DATA") is { Length: > 0 } given ? given : Path.Combine(RepositoryRoot.Path, "..", "shared", "data");
        string path = Path.Combine([data, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"HALOLAB_DATA names no folder with {string.Join('/', parts)}");
        return path;
    }
}
