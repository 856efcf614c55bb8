using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Notebooks.Tests;

/// <summary>The program as a user runs it.</summary>
internal static class HaloLabProgram
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll");

    public static async Task<BufferedCommandResult> Run(params string[] arguments) =>
        await CliWrap.Cli.Wrap("dotnet")
            .WithArguments([Path, .. arguments])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

    /// <summary>One message that holds what is expected, and exit code 2.</summary>
    public static async Task<string> Refuses(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await Run(arguments);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.DoesNotContain("   at HaloLab", result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        return result.StandardError;
    }
}
