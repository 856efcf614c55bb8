using System.Diagnostics;
using System.Globalization;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>train</c> as clusters treat it: killed, asked to end, out of disk; in the end the bytes are those of an undisturbed run.</summary>
[Trait("Category", "Long")]
public sealed class KilledTrainingTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 50;

    // One in so many is asked to end; the others are not asked.
    private const int KillsPerTermination = 5;
    private const double LongestSeconds = 16;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-killed-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task FiftyKillsEndInTheBytesOfAnUndisturbedRun()
    {
        string[] arguments = await Arguments(steps: 1500);
        string undisturbed = Path.Combine(_folder, "undisturbed");
        Stopwatch watch = Stopwatch.StartNew();
        (int code, string said) = await Run([.. arguments, "--out", undisturbed]);
        Assert.True(code == 0, said);
        output.WriteLine($"undisturbed: {watch.Elapsed.TotalSeconds:f0} s");

        string killed = Path.Combine(_folder, "killed");
        RandomStream moments = new(1, "kills");
        for (int kill = 1; kill <= Kills; kill++)
        {
            bool isAsked = kill % KillsPerTermination == 0;
            double seconds = 0.3 + (moments.NextDouble() * LongestSeconds);
            using Process run = Start([.. arguments, "--out", killed]);
            Task<string> errors = run.StandardError.ReadToEndAsync(Cancellation);
            Task<string> rest = run.StandardOutput.ReadToEndAsync(Cancellation);
            await Task.Delay(TimeSpan.FromSeconds(seconds), Cancellation);
            Assert.False(run.HasExited, $"The run ended before kill {kill} of {Kills}: {(run.HasExited ? await errors : "")}");
            using (Process signal = Process.Start("kill", [isAsked ? "-TERM" : "-KILL", run.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await signal.WaitForExitAsync(Cancellation);
            }

            await run.WaitForExitAsync(Cancellation);
            await rest;

            // The system may end a process that has just begun before it listens.
            int[] expected = isAsked ? [130, 143] : [137];
            Assert.True(expected.Contains(run.ExitCode), $"exit code {run.ExitCode} after kill {kill}: {await errors}");
        }

        (code, said) = await Run([.. arguments, "--out", killed]);
        Assert.True(code == 0, said);
        output.WriteLine($"with {Kills} kills: {watch.Elapsed.TotalSeconds:f0} s in all");
        AssertSame(undisturbed, killed);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(3_000)]
    [InlineData(12_000)]
    [InlineData(24_000)]
    public async Task AFullDiskLosesNothing(int kibibytes)
    {
        string[] arguments = await Arguments(steps: 60);
        string undisturbed = Path.Combine(_folder, "undisturbed");
        (int code, string said) = await Run([.. arguments, "--out", undisturbed]);
        Assert.True(code == 0, said);

        // A file system of its own, of that size, which grows when it was full.
        string disk = Directory.CreateDirectory(Path.Combine(_folder, "disk")).FullName;
        string again = Path.Combine(_folder, "again");
        string script = Path.Combine(_folder, "full.sh");
        await File.WriteAllTextAsync(script, $$"""
            set -e
            mount -t tmpfs -o size={{kibibytes}}k tmpfs "{{disk}}" || exit 77
            code=0
            "$@" --out "{{disk}}/out" || code=$?
            echo "exit code $code" >&2
            mount -o remount,size=1g "{{disk}}"
            "$@" --out "{{disk}}/out"
            cp -r "{{disk}}/out" "{{again}}"
            """, Cancellation);
        using Process run = Start("unshare", ["--user", "--map-root-user", "--mount", "sh", script, "dotnet", Program, .. arguments]);
        Task<string> errors = run.StandardError.ReadToEndAsync(Cancellation);
        await run.StandardOutput.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        said = await errors;
        Assert.SkipWhen(run.ExitCode is 77 or 127 || said.Contains("unshare failed", StringComparison.Ordinal), "no file system can be mounted here");
        output.WriteLine(said[..Math.Min(said.Length, 600)]);
        Assert.True(run.ExitCode == 0, said);
        Assert.Contains("exit code 2", said, StringComparison.Ordinal);
        Assert.Contains("room", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        AssertSame(undisturbed, again);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll");

    private static Process Start(string[] arguments) => Start("dotnet", [Program, .. arguments]);

    private static Process Start(string file, string[] arguments) =>
        Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task<(int Code, string Said)> Run(string[] arguments)
    {
        CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        return (result.ExitCode, result.StandardError);
    }

    private async Task<string[]> Arguments(int steps)
    {
        Ffmpeg.Require();
        string checkpoints = Path.Combine(_folder, "checkpoints");
        RandomToyCheckpoints.Write(checkpoints);
        string pairs = await PairFolder.Write(_folder, 4);
        return ["train", "--pairs", pairs, "--reward", "VQ", "--model", checkpoints, "--batch-pairs", "1", "--threads", "1", "--steps", steps.ToString(CultureInfo.InvariantCulture)];
    }

    /// <summary>Everything but what holds times: weights, metrics, what they were made from.</summary>
    private static void AssertSame(string expected, string actual)
    {
        SortedDictionary<string, string> hashes = Hashes(expected);
        Assert.Contains(hashes.Keys, name => name.EndsWith(TrainingLoop.MetricsFile, StringComparison.Ordinal));
        Assert.Contains(hashes.Keys, name => name.EndsWith(".safetensors", StringComparison.Ordinal));
        Assert.Equal(hashes, Hashes(actual));
    }

    private static SortedDictionary<string, string> Hashes(string root) => new(
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) is not ("stage.json" or "manifest.json"))
            .ToDictionary(path => Path.GetRelativePath(root, path), path => FileHash.Of(path)),
        StringComparer.Ordinal);
}
