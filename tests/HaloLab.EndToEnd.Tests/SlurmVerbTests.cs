using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab slurm</c>: the scripts that it writes, and how it submits them.</summary>
public sealed class SlurmVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-slurm").FullName;

    private string Output => Path.Combine(_folder, "out put");

    private string Scripts => Path.Combine(Output, "slurm");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryStepIsAScriptAndThoseOverManyClipsAreJobArrays()
    {
        BufferedCommandResult result = await HaloLabProgram.Run(Arguments("write", "--tasks", "3", "--ranks", "2", "--sbatch", "partition=gpu", "--sbatch", "train.gres=gpu:2", "--set", "train.batch-pairs=16"));
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(Path.Combine(Scripts, "submit.sh"), result.StandardOutput.Trim());
        string[] names = ["01-generate", "02-label", "03-import", "04-reward", "05-pairs-scores", "05-pairs", "06-train", "07-train", "08-test", "09-test", "10-test", "11-evaluate-scores", "11-evaluate"];
        Assert.Equal([.. names.Select(name => name + ".sh").Append("submit.sh").Order(StringComparer.Ordinal)], Directory.GetFiles(Scripts).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        foreach (string name in names.Append("submit"))
        {
            // A shell understands it.
            BufferedCommandResult read = await CliWrap.Cli.Wrap("bash").WithArguments(["-n", Path.Combine(Scripts, name + ".sh")]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Cancellation);
            Assert.True(read.IsSuccess, read.StandardError);
        }

        string[] arrays = ["01-generate", "02-label", "05-pairs-scores", "08-test", "09-test", "10-test", "11-evaluate-scores"];
        foreach (string name in names)
        {
            string script = await Script(name);
            Assert.Equal(arrays.Contains(name), script.Contains("#SBATCH --array=1-3\n", StringComparison.Ordinal));
            Assert.Equal(arrays.Contains(name), script.EndsWith(" --shard slurm\n", StringComparison.Ordinal));
            Assert.Contains("#SBATCH --partition=gpu\n", script, StringComparison.Ordinal);
            Assert.Contains($"#SBATCH --output=\"{Scripts}/logs/{name}-{(arrays.Contains(name) ? "%A-%a" : "%j")}.log\"\n", script, StringComparison.Ordinal);
            bool isTraining = name.EndsWith("train", StringComparison.Ordinal);
            Assert.Equal(isTraining, script.Contains("#SBATCH --gres=gpu:2\n", StringComparison.Ordinal));
            Assert.Contains($"#SBATCH --ntasks={(isTraining ? 2 : 1)}\n", script, StringComparison.Ordinal);
            Assert.Equal(isTraining, script.Contains("srun --mpi=pmix --kill-on-bad-exit=1 ", StringComparison.Ordinal));
        }

        Assert.Contains($" label '{Output}/candidates' --out '{Output}/labels' ", await Script("02-label"), StringComparison.Ordinal);
        Assert.Contains(" --batch-pairs 16\n", await Script("06-train"), StringComparison.Ordinal);

        // The labels of every task are imported, if it had any.
        string import = await Script("03-import");
        foreach (int task in new[] { 1, 2, 3 })
        {
            string labels = $"'{Output}/labels/shards/{task}-of-3/labels.jsonl'";
            Assert.Contains($"\n[ ! -e {labels} ] || srun ", import, StringComparison.Ordinal);
            Assert.Contains($" data import {labels} --store '{Output}/labels.sqlite'\n", import, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task OneTaskIsNoArray()
    {
        BufferedCommandResult result = await HaloLabProgram.Run(Arguments("write", "--tasks", "1"));
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.All(Directory.GetFiles(Scripts), file => Assert.DoesNotContain("--shard", File.ReadAllText(file), StringComparison.Ordinal));
        Assert.Contains($" data import '{Output}/labels/labels.jsonl' ", await Script("03-import"), StringComparison.Ordinal);
        Assert.Contains("\nsrun ", await Script("06-train"), StringComparison.Ordinal);
        Assert.DoesNotContain("--mpi", await Script("06-train"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JobsWaitForThoseThatTheyNeedAndNoOthers()
    {
        // An sbatch that notes what it is asked and numbers the jobs from 101.
        string log = Path.Combine(_folder, "sbatch.log");
        string tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        string sbatch = Path.Combine(tools, "sbatch");
        await File.WriteAllTextAsync(sbatch, $"#!/bin/bash\necho \"$@\" >> '{log}'\necho $((100 + $(wc -l < '{log}')))\n", Cancellation);
        await CliWrap.Cli.Wrap("chmod").WithArguments(["+x", sbatch]).ExecuteAsync(Cancellation);
        BufferedCommandResult result = await CliWrap.Cli.Wrap("dotnet")
            .WithArguments([HaloLabProgram.Path, .. Arguments("submit", "--tasks", "3")])
            .WithEnvironmentVariables(variables => variables.Set("PATH", tools + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH")))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Cancellation);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("101 01-generate", result.StandardOutput, StringComparison.Ordinal);
        string After(params int[] jobs) => jobs.Length == 0 ? "" : $" --dependency=afterok:{string.Join(':', jobs)} --kill-on-invalid-dep=yes";
        Assert.Equal(
            [
                $"--parsable{After()} 01-generate.sh",
                $"--parsable{After(101)} 02-label.sh",
                $"--parsable{After(102)} 03-import.sh",
                $"--parsable{After(103)} 04-reward.sh",
                $"--parsable{After(104)} 05-pairs-scores.sh",
                $"--parsable{After(105)} 05-pairs.sh",
                $"--parsable{After(106)} 06-train.sh",
                $"--parsable{After(106)} 07-train.sh",
                $"--parsable{After()} 08-test.sh",
                $"--parsable{After(107)} 09-test.sh",
                $"--parsable{After(108)} 10-test.sh",
                $"--parsable{After(104, 109, 110, 111)} 11-evaluate-scores.sh",
                $"--parsable{After(112)} 11-evaluate.sh",
            ],
            await File.ReadAllLinesAsync(log, Cancellation));
    }

    [Theory]
    [InlineData("--tasks 0: expected at least 1", "--tasks", "0")]
    [InlineData("--ranks 0: expected at least 1", "--ranks", "0")]
    [InlineData("--sbatch train.: expected an option of sbatch", "--sbatch", "train.")]
    [InlineData("Step train: Unrecognized command or argument '--speed'", "--set", "train.speed=9")]
    public async Task WrongInputIsOneMessageAndNothingIsWritten(string expected, params string[] more)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(Arguments("write", more));
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output), "something was written");
    }

    private Task<string> Script(string name) => File.ReadAllTextAsync(Path.Combine(Scripts, name + ".sh"), Cancellation);

    private string[] Arguments(string verb, params string[] more)
    {
        string prompts = Path.Combine(_folder, "prompts.txt");
        string test = Path.Combine(_folder, "test.txt");
        File.WriteAllText(prompts, "a red circle on the left\n");
        File.WriteAllText(test, "snow over a village at night\n");
        return ["slurm", verb, "wan-halo", "--model", Path.Combine(_folder, "model"), "--backbone", $"videoreward:{_folder}", "--prompts", prompts, "--test-prompts", test, "--out", Output, .. more];
    }
}
