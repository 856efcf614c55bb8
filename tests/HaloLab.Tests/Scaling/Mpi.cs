using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Tests.Scaling;

/// <summary>Starts ranks on this machine.</summary>
internal static class Mpi
{
    /// <summary>Whether this process is one of several ranks.</summary>
    public static bool IsRank => Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is not null;

    /// <summary>Skips the test where Open MPI is missing.</summary>
    public static void Require()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        Assert.SkipUnless(folders.Any(folder => File.Exists(Path.Combine(folder, "mpirun"))), "mpirun is not on the PATH (apt-get install openmpi-bin)");
    }

    /// <summary>What mpirun is given before the program: ranks of one machine, also for root, also more than it has cores, wherever they run, with three seconds for a last word.</summary>
    public static IReadOnlyList<string> Options(int ranks) => ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", "3", "-n", FormattableString.Invariant($"{ranks}")];

    /// <summary>Runs a test of this assembly on every rank.</summary>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="test">The test's class and name.</param>
    /// <param name="folder">Given to the ranks as <see cref="Folder"/>.</param>
    public static async Task<BufferedCommandResult> RunTest(int ranks, string test, string folder) => await CliWrap.Cli.Wrap("mpirun")
        .WithArguments([.. Options(ranks), "dotnet", typeof(Mpi).Assembly.Location, "-method", test, "-noLogo", "-noColor"])
        .WithEnvironmentVariables(variables => variables.Set(FolderVariable, folder).Set("OMP_NUM_THREADS", "1"))
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

    /// <summary>The folder that the ranks of a test share.</summary>
    public static string Folder => Environment.GetEnvironmentVariable(FolderVariable)!;

    private const string FolderVariable = "HALOLAB_RANKS_FOLDER";
}
