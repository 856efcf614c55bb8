using System.Diagnostics;
using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Tests.Cli;

/// <summary>The program as a user runs it.</summary>
internal static class HaloLabProgram
{
    /// <summary>What <c>dotnet</c> is given to run it.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll");

    public static async Task<BufferedCommandResult> Run(params string[] arguments) =>
        await CliWrap.Cli.Wrap("dotnet")
            .WithArguments([Path, .. arguments])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

    /// <summary>One message that holds what is expected, exit code 2, and nothing written.</summary>
    public static async Task Refuses(string expected, string output, params string[] arguments)
    {
        BufferedCommandResult result = await Run([.. arguments, "--out", output]);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output), "something was written");
    }

    /// <summary>How to start the program so that it hears Ctrl-C: what runs in the background of a shell ignores SIGINT, and so would what it starts.</summary>
    public static ProcessStartInfo Interruptible(params string[] arguments) =>
        new("env", ["--default-signal=INT", "dotnet", Path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
}
