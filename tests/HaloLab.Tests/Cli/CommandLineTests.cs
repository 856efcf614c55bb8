using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Tests.Cli;

/// <summary>The program as a user runs it.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-cli").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task DoctorFindsTheNativeLibraryAndItsRuntime()
    {
        BufferedCommandResult result = await Run("doctor");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("ok  native torch", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("ok  C++ runtime", result.StandardOutput, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", "nothing")]
    [InlineData("enormous", "reproduce", "--preset", "enormous")]
    [InlineData("--device", "reproduce", "--device", "abacus")]
    [InlineData("--threads", "reproduce", "--threads", "0")]
    [InlineData("--seeds", "reproduce", "--seeds", "0")]
    [InlineData("toy pretrain", "reproduce", "--checkpoints", "/nowhere")]
    public async Task WrongInputIsOneMessageAndExitCode2(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await Run([.. arguments, .. arguments[0] == "reproduce" ? new[] { "--out", Path.Combine(_folder, "out") } : []]);
        Assert.Equal(2, result.ExitCode);
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "out")));
    }

    private static async Task<BufferedCommandResult> Run(params string[] arguments) =>
        await CliWrap.Cli.Wrap("dotnet")
            .WithArguments([Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll"), .. arguments])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
}
