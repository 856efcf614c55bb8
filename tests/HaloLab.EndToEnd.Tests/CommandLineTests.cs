using CliWrap;
using CliWrap.Buffered;
using HaloLab.Tests.ToyWorld;

namespace HaloLab.EndToEnd.Tests;

/// <summary>The program as a user runs it.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-cli").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task DoctorFindsTheNativeLibraryAndItsRuntime()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("doctor");
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
    [InlineData("'silver'", "generate", "--prompt", "a silver circle moving left on a dark background")]
    [InlineData("word 1 is missing", "generate", "--prompt", "")]
    [InlineData("--prompt", "generate")]
    [InlineData("--count", "generate", "--prompt", "a red circle moving left on a dark background", "--count", "0")]
    [InlineData("toy pretrain", "generate", "--prompt", "a red circle moving left on a dark background", "--checkpoints", "/nowhere")]
    [InlineData("--threads", "toy", "pretrain", "--threads", "0")]
    [InlineData("--steps", "toy", "pretrain", "--steps", "5")]
    [InlineData("unet.safetensors", "toy", "pretrain", "--from", "/nowhere")]
    [InlineData("--from", "toy", "pretrain", "--judges-only")]
    [InlineData("toy pretrain", "toy", "tune", "--checkpoints", "/nowhere")]
    [InlineData("--seed", "toy", "tune", "--seed", "1")]
    [InlineData("everything", "doctor", "everything")]
    public async Task WrongInputIsOneMessageAndExitCode2(string expected, params string[] arguments)
    {
        await HaloLabProgram.Refuses(expected, Path.Combine(_folder, "out"), arguments);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("two")]
    public async Task ThreadsOfTheMachineAreChecked(string threads)
    {
        BufferedCommandResult result = await CliWrap.Cli.Wrap("dotnet")
            .WithArguments([HaloLabProgram.Path, "reproduce", "--preset", "smoke", "--out", Path.Combine(_folder, "out")])
            .WithEnvironmentVariables(variables => variables.Set("HALOLAB_THREADS", threads))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal($"HALOLAB_THREADS is '{threads}': expected a whole number of at least 1.", result.StandardError.Trim());
    }

    [Fact]
    public async Task GenerateWritesTheSameClipsForTheSameSeed()
    {
        string checkpoints = Path.Combine(_folder, "checkpoints");
        RandomToyCheckpoints.Write(checkpoints);
        byte[][] clips = new byte[2][];
        for (int i = 0; i < 2; i++)
        {
            string output = Path.Combine(_folder, $"out{i}");
            BufferedCommandResult result = await HaloLabProgram.Run("generate", "--prompt", "A red circle moving left on a dark background.", "--count", "2", "--seed", "7", "--checkpoints", checkpoints, "--out", output);
            Assert.True(result.IsSuccess, result.StandardError);
            Assert.Equal(["clip-000.png", "clip-001.png", "clips.html", "manifest.json"], Directory.GetFiles(output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.NotEqual(File.ReadAllBytes(Path.Combine(output, "clip-000.png")), File.ReadAllBytes(Path.Combine(output, "clip-001.png")));
            clips[i] = File.ReadAllBytes(Path.Combine(output, "clip-001.png"));
        }

        Assert.Equal(clips[0], clips[1]);
    }

    [Theory]
    [InlineData("unet.safetensors", "its header claims")]
    [InlineData("text.safetensors", "cannot be read")]
    public async Task ABrokenCheckpointIsNamed(string file, string expected)
    {
        string checkpoints = Path.Combine(_folder, "checkpoints");
        RandomToyCheckpoints.Write(checkpoints);
        string path = Path.Combine(checkpoints, file);
        if (file == "text.safetensors")
        {
            File.Delete(path);
        }
        else
        {
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..1000]);
        }

        BufferedCommandResult result = await HaloLabProgram.Run("generate", "--prompt", "a red circle moving left on a dark background", "--checkpoints", checkpoints, "--out", Path.Combine(_folder, "out"));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(file, result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "out")));
    }
}
