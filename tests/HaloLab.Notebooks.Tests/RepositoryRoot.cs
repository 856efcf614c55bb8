namespace HaloLab.Notebooks.Tests;

/// <summary>Where the checkout lies: the first folder above the test assembly that holds HaloLab.sln.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "HaloLab.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No HaloLab.sln above {AppContext.BaseDirectory}.");
    }
}
