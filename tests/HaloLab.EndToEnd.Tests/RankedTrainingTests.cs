using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Checkpoints;
using HaloLab.Optimisation;
using HaloLab.Tests.Optimisation;
using HaloLab.Tests.Scaling;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld.Pretraining;
using TorchSharp;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>mpirun -n 2 halolab train</c>, as a user runs it.</summary>
public sealed class RankedTrainingTests : IDisposable
{
    private const double LearningRate = 1e-4;
    private const int Kills = 10;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-ranked").FullName;

    public RankedTrainingTests() => RandomToyCheckpoints.Write(Checkpoints);

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ADeadRankEndsTheJobAndOneProcessGoesOnAfterTwo()
    {
        Mpi.Require();
        Ffmpeg.Require();
        const int Steps = 16;
        string together = Path.Combine(_folder, "together");
        string[] arguments = await Arguments(Steps);

        // A rank dies: the job ends, and says so.
        (int code, string said) = await RunRanks(together, arguments, job => SignalAfter(2, "KILL", job));
        Assert.NotEqual(0, code);
        Assert.Contains("signal 9 (Killed)", said, StringComparison.Ordinal);
        Assert.Contains("Stopped while waiting for another rank", said, StringComparison.Ordinal);

        // One is asked to stop: both do, after the same step, and the first speaks for both.
        (code, said) = await RunRanks(together, arguments, job => SignalAfter(2, "TERM", job));
        Assert.True(code == 130, $"exit code {code}: {said}");
        Assert.Equal(2, said.Split("Interrupted. The same command goes on from here.").Length);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        int done = File.ReadLines(MetricsOf(together)).Count();
        Assert.InRange(done, 2, Steps - 1);

        BufferedCommandResult result = await HaloLabProgram.Run([.. arguments, "--out", together]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains($"Going on from step {done}. Ranks: 1, before it 2.", result.StandardError, StringComparison.Ordinal);

        string alone = Path.Combine(_folder, "alone");
        result = await HaloLabProgram.Run([.. arguments, "--out", alone]);
        Assert.True(result.IsSuccess, result.StandardError);
        RequireSameTraining(alone, together, LearningRate * Steps);

        async Task SignalAfter(int steps, string name, Process job)
        {
            await WaitForSteps(job, together, steps);
            await Signal(name, job, rank: 1);
        }
    }

    /// <summary>Each rank is a process of the trace, the first one alone looks at the generator, each has its part of the optimiser's state, and all that changes nothing.</summary>
    [Fact]
    public async Task RanksThatAreProfiledWatchedAndShardedTrainTheSame()
    {
        Mpi.Require();
        Ffmpeg.Require();
        string prompts = Path.Combine(_folder, "prompts.txt");
        await File.WriteAllLinesAsync(prompts, ToyClips.Captions(40).Select(caption => caption.ToString()).Distinct().Take(6), Cancellation);
        string started = Directory.CreateDirectory(Path.Combine(_folder, "started-here")).FullName;
        string folder = Path.Combine(_folder, "profiled");
        string[] plain = await Arguments(steps: 5);
        string[] arguments = [.. plain, "--shard-optimiser", "--profile", "2", "--watch", "flickering,smoothness", "--trained", "flickering", "--watch-prompts", prompts, "--watch-every", "5"];
        (int code, string said) = await RunRanks(folder, arguments, workingFolder: started);
        Assert.True(code == 0, $"exit code {code}: {said}");
        Assert.Contains("Watched at 2 steps", said, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(started));

        TraceFile trace = new(Path.Combine(folder, "profile.json"));
        Assert.Equal([0, 1], trace.Processes);
        foreach (int rank in trace.Processes)
        {
            TraceFile.Span[] steps = [.. trace.Spans.Where(span => span.Process == rank && span.Name == "step")];
            Assert.Equal([2, 3], steps.Select(step => step.Step));
            Assert.All(steps, step => Assert.Contains(step.Parts, phase => phase.Name == "all-reduce"));
            Assert.All(steps, step => Assert.Contains(step.Parts, phase => phase.Name == "all-gather"));
        }

        // Nobody has the sum before the last one has begun to add up: the clocks are the same, to a moment in which a rank does not get a core.
        foreach (TraceFile.Span[] sums in trace.Spans.Where(span => span.Name == "all-reduce").GroupBy(span => span.Step).Select(ofStep => ofStep.ToArray()))
        {
            Assert.True(sums.Min(sum => sum.End) > sums.Max(sum => sum.Start) - 50_000, "a rank was done with adding up before the other one began");
        }

        string other = Path.Combine(_folder, "plain");
        (code, said) = await RunRanks(other, plain);
        Assert.True(code == 0, $"exit code {code}: {said}");
        Assert.Equal(await File.ReadAllTextAsync(MetricsOf(other), Cancellation), await File.ReadAllTextAsync(MetricsOf(folder), Cancellation));
        string denoiser = Path.Combine("model", GeneratorTraining.DenoiserFile);
        Assert.Equal(FileHash.Of(Path.Combine(other, denoiser)), FileHash.Of(Path.Combine(folder, denoiser)));
    }

    [Theory]
    [InlineData("no dimension 'XQ'", "--reward", "XQ")]
    [InlineData("BatchPairs is 1: expected at least 1 for each of 2 ranks", "--batch-pairs", "1")]
    public async Task WhatAllRanksFindWrongIsSaidOnce(string expected, string option, string value)
    {
        Mpi.Require();
        Ffmpeg.Require();
        string[] arguments = await Arguments(steps: 1);
        arguments[Array.IndexOf(arguments, option) + 1] = value;
        (int code, string said) = await RunRanks(Path.Combine(_folder, "wrong"), arguments);
        Assert.True(code == 2, $"exit code {code}: {said}");
        Assert.Equal(2, said.Split(expected).Length);
    }

    /// <summary>Ten times one rank of two is killed, which and when by chance; what is trained in the end is what an undisturbed training gives, bit for bit.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task KillingARankTenTimesLosesNothing()
    {
        Mpi.Require();
        Ffmpeg.Require();
        string[] arguments = await Arguments(steps: 600);
        string undisturbed = Path.Combine(_folder, "undisturbed");
        (int code, string said) = await RunRanks(undisturbed, arguments);
        Assert.True(code == 0, $"exit code {code}: {said}");

        // A checkpoint comes every ten seconds: some are killed before one and some after.
        string killed = Path.Combine(_folder, "killed");
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int kill = 0; kill < Kills; kill++)
        {
            (int rank, TimeSpan after) = (random.Next(2), TimeSpan.FromSeconds(6 + (12 * random.NextDouble())));
            (code, said) = await RunRanks(killed, arguments, async job =>
            {
                await WaitForSteps(job, killed, 1);
                await Task.Delay(after, Cancellation);
                await Signal("KILL", job, rank);
            });
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, kill {kill + 1}: rank {rank} {after.TotalSeconds:0.0} s after the first step, {Steps(killed)} steps done"));
            Assert.True(code != 0, "The training was over before the kill: give it more steps.");
        }

        (code, said) = await RunRanks(killed, arguments);
        Assert.True(code == 0, $"exit code {code}: {said}");
        Assert.Equal(await File.ReadAllTextAsync(MetricsOf(undisturbed), Cancellation), await File.ReadAllTextAsync(MetricsOf(killed), Cancellation));
        string denoiser = Path.Combine("model", GeneratorTraining.DenoiserFile);
        Assert.Equal(FileHash.Of(Path.Combine(undisturbed, denoiser)), FileHash.Of(Path.Combine(killed, denoiser)));

        static int Steps(string folder) => File.ReadLines(MetricsOf(folder)).Count();
    }

    private async Task<string[]> Arguments(int steps) =>
    [
        "train", "--pairs", await PairFolder.Write(_folder, 3), "--reward", "VQ", "--model", Checkpoints, "--steps", steps.ToString(CultureInfo.InvariantCulture), "--batch-pairs", "2",
        "--learning-rate", LearningRate.ToString(CultureInfo.InvariantCulture), "--threads", "1",
    ];

    private static string MetricsOf(string folder) => Path.Combine(Directory.GetDirectories(Path.Combine(folder, "stages"), "tuned-*").Single(), TrainingLoop.MetricsFile);

    private static void RequireSameTraining(string expected, string actual, double learningRates)
    {
        foreach ((string first, string second) in File.ReadLines(MetricsOf(expected)).Zip(File.ReadLines(MetricsOf(actual))))
        {
            double[] losses = [.. new[] { first, second }.Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
            Assert.Equal(losses[0], losses[1], 1e-4);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        string denoiser = Path.Combine("model", GeneratorTraining.DenoiserFile);
        Dictionary<string, torch.Tensor> weights = Safetensors.Load(Path.Combine(expected, denoiser));
        Dictionary<string, torch.Tensor> others = Safetensors.Load(Path.Combine(actual, denoiser));
        double most = weights.Max(item => (item.Value - others[item.Key]).abs().max().item<float>());
        TestContext.Current.TestOutputHelper?.WriteLine($"weights differ by at most {most:g2}");
        Assert.True(most <= 0.01 * learningRates, $"weights differ by {most}, at most {0.01 * learningRates} expected");
    }

    /// <summary>Trains on two ranks.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="arguments">What a single process is given.</param>
    /// <param name="disturb">Is given mpirun's process.</param>
    /// <param name="workingFolder">Where the ranks are started; null: here.</param>
    /// <returns>What mpirun ended with, and what was said on stderr.</returns>
    private static async Task<(int Code, string Said)> RunRanks(string folder, string[] arguments, Func<Process, Task>? disturb = null, string? workingFolder = null)
    {
        using Process job = Process.Start(new ProcessStartInfo("mpirun", [.. Mpi.Options(2), "dotnet", HaloLabProgram.Path, .. arguments, "--out", folder]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingFolder ?? "" })!;
        Task<string> output = job.StandardOutput.ReadToEndAsync(Cancellation);
        Task<string> said = job.StandardError.ReadToEndAsync(Cancellation);
        if (disturb is not null)
        {
            await disturb(job);
        }

        await job.WaitForExitAsync(Cancellation);
        await output;
        return (job.ExitCode, await said);
    }

    /// <summary>Waits until a job has done so many steps of a training.</summary>
    private static async Task WaitForSteps(Process job, string folder, int steps)
    {
        while (!job.HasExited)
        {
            string stages = Path.Combine(folder, "stages");
            string? metrics = Directory.Exists(stages) ? Directory.GetFiles(stages, TrainingLoop.MetricsFile, SearchOption.AllDirectories).SingleOrDefault() : null;

            // Those of an earlier job are cut off when the training begins.
            if (metrics is not null && File.GetLastWriteTime(metrics) > job.StartTime && File.ReadLines(metrics).Count() >= steps)
            {
                return;
            }

            await Task.Delay(20, Cancellation);
        }
    }

    /// <summary>Sends a signal to one rank of a job.</summary>
    private static async Task Signal(string name, Process job, int rank)
    {
        string process = Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Single(id => id.All(char.IsAsciiDigit) && IsRank(id));
        using Process kill = Process.Start("kill", ["-" + name, process]);
        await kill.WaitForExitAsync(Cancellation);
        Assert.Equal(0, kill.ExitCode);

        bool IsRank(string id)
        {
            try
            {
                // proc(5): the parent is the second field behind the name in brackets.
                string parent = File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].Split(' ')[1];
                return parent == job.Id.ToString(CultureInfo.InvariantCulture) && File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains($"OMPI_COMM_WORLD_RANK={rank}");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended, or is somebody else's.
                return false;
            }
        }
    }
}
