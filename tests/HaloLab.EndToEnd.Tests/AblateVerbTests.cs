using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab ablate</c> at the smallest size, on untrained checkpoints.</summary>
public sealed partial class AblateVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-ablate-").FullName;

    public AblateVerbTests() => RandomToyCheckpoints.Write(Checkpoints);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    private string Output => Path.Combine(_folder, "out");

    private string Stages => Path.Combine(Output, "stages");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AVariantThatFailsIsRecordedAndTheOthersAreDecided()
    {
        string grid = Path.Combine(_folder, "grid.json");
        await File.WriteAllTextAsync(
            grid,
            """
            {
              "name": "two-ways",
              "title": "two ways",
              "variants": [
                { "name": "regions of new pairs", "set": { "terms": "regionOnly", "tauPatch": 0, "refreshes": 1 } },
                { "name": "a rate that breaks it", "set": { "learningRate": 1e30 } }
              ],
              "statements": [
                { "text": "HALO has fewer defects than {variant}.", "measure": "defectivePatches", "direction": "below", "threshold": 0, "interesting": 0.5 },
                { "text": "HALO moves no less than {variant}.", "measure": "motion", "direction": "above", "threshold": -1000, "interesting": 2000 }
              ]
            }
            """,
            Cancellation);
        string[] arguments = ["ablate", grid, "--preset", "smoke", "--seeds", "1", "--threads", "1", "--checkpoints", Checkpoints, "--out", Output];
        BufferedCommandResult planned = await HaloLabProgram.Run([.. arguments, "--plan"]);
        Assert.True(planned.IsSuccess, planned.StandardError);
        Assert.Contains("19 stages serve 28 uses", planned.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output), "a plan wrote something");

        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Failed: a rate that breaks it, seed 1: ", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("HALO moves no less than regions of new pairs.", result.StandardOutput, StringComparison.Ordinal);
        AblationResult ablation = JsonFile.Read<AblationResult>(Path.Combine(Output, "two-ways", "ablation.json"));
        Assert.Equal(["HALO", "regions of new pairs", "a rate that breaks it"], ablation.Variants.Select(arm => arm.Name));
        Assert.Single(ablation.Variants[2].Errors);
        Assert.Empty(ablation.Variants[2].Means);
        Assert.All(ablation.Variants.Take(2), arm => Assert.Empty(arm.Errors));
        Assert.Equal((16, 20), (ablation.Stages, ablation.Uses));
        Assert.True(ablation.Variants[1].AddedSeconds < ablation.Variants[1].Seconds);
        Assert.Equal([Verdict.NotRun, Verdict.NotRun], ablation.Findings.Where(finding => finding.Variant == "a rate that breaks it").Select(finding => finding.Verdict));

        // The round of new pairs is measured against where it began, and has something to learn.
        IReadOnlyList<JsonObject> round = TrainingLoop.ReadMetrics(Assert.Single(Finished(), stage => Path.GetFileName(stage).StartsWith("tuned-halo-2-s1-", StringComparison.Ordinal)));
        Assert.Equal(2, round.Count);
        Assert.All(round, step => Assert.True(step["untied_pairs"]!.GetValue<long>() > 0));
        Assert.Equal(round[0]["video_reference_error_better"]!.GetValue<double>(), round[0]["video_error_better"]!.GetValue<double>());

        // Four statements are one family, whether they could be run or not.
        AblationFinding moves = ablation.Findings.Single(finding => finding.Id == "two-ways/regions of new pairs/motion");
        Assert.Equal((Verdict.Shown, "prompt", false, true), (moves.Verdict, moves.Comparison!.Unit, moves.PHolm > 0.05, moves.IsNegligible));
        Assert.Equal(ablation.Variants[0].Means["motion"] - ablation.Variants[1].Means["motion"], moves.Comparison.Estimate, 1e-12);
        AblationFinding[] run = [.. ablation.Findings.Where(finding => finding.Comparison is not null)];
        Assert.Equal(Math.Min(1, 4 * run.Min(finding => finding.P)), run.Min(finding => finding.PHolm), 1e-12);
        Assert.Equal(5, (await File.ReadAllLinesAsync(Path.Combine(Output, "two-ways", "ablation.csv"), Cancellation)).Length);
        string page = await File.ReadAllTextAsync(Path.Combine(Output, "two-ways", "ablation.html"), Cancellation);
        Assert.Contains("a rate that breaks it failed with seed 1", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);

        // What is finished is not computed again, only what failed is tried again.
        BufferedCommandResult again = await HaloLabProgram.Run(arguments);
        Assert.Equal(["3 of 3, a rate that breaks it: tuned-halo-s1"], Started(again.StandardError));

        // Two processes beside each other come to the same.
        string beside = Path.Combine(_folder, "beside");
        BufferedCommandResult two = await HaloLabProgram.Run([.. arguments[..^1], beside, "--workers", "2"]);
        Assert.Equal(1, two.ExitCode);
        AssertSame(Output, beside, "two-ways");
        Assert.Equal(Started(result.StandardError).Order(StringComparer.Ordinal), Started(two.StandardError).Order(StringComparer.Ordinal));

        BufferedCommandResult decided = await HaloLabProgram.Run("claims", Path.Combine(Output, "two-ways"), "--ledger", Path.Combine(RepositoryRoot.Path, "claims"));
        Assert.True(decided.IsSuccess, decided.StandardError);
        Assert.Contains("two-ways/regions of new pairs/motion", decided.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("not run", decided.StandardOutput, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("components", "nowhere.json")]
    [InlineData("quick, full, smoke", "components", "--preset", "enormous")]
    [InlineData("--seeds 0", "components", "--seeds", "0")]
    [InlineData("--workers 0", "components", "--workers", "0")]
    public async Task WrongInputIsOneMessageAndExitCode2(string expected, params string[] arguments) => await HaloLabProgram.Refuses(expected, Output, ["ablate", .. arguments]);

    /// <summary>Ctrl-C to the one that was called, as a batch system sends it; in the meantime nobody else may work in the folder.</summary>
    [Fact]
    public async Task WorkersStopWithTheOneThatWasCalled()
    {
        string[] arguments = Components(seeds: 3, "--workers", "2");
        using Process run = Process.Start(HaloLabProgram.Interruptible(arguments))!;
        List<string> lines = [];
        while (Started(string.Join('\n', lines)).Length < 2)
        {
            lines.Add(await run.StandardError.ReadLineAsync(Cancellation) ?? throw new InvalidOperationException($"It ended before two stages began: {string.Join('\n', lines)}"));
        }

        int[] workers = Workers(run.Id);
        Assert.Equal(2, workers.Length);
        BufferedCommandResult other = await HaloLabProgram.Run(arguments);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("another run", other.StandardError, StringComparison.Ordinal);
        Signal("INT", run.Id);
        string said = await run.StandardError.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("Interrupted. The same command goes on from here.", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        Assert.DoesNotContain(workers, IsAlive);
        Assert.NotEmpty(Directory.GetDirectories(Stages, "*.partial"));
    }

    /// <summary>The components of the paper with two workers; now one of them is killed, now the one that was called, now all. The bytes are those of one worker that nobody disturbed.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task WorkersKilledAtRandomMomentsComputeEveryStageOnce()
    {
        string undisturbed = Path.Combine(_folder, "undisturbed");
        BufferedCommandResult alone = await HaloLabProgram.Run([.. Components(seeds: 2)[..^1], undisturbed]);
        Assert.True(alone.IsSuccess, alone.StandardError);
        string[] arguments = Components(seeds: 2, "--workers", "2");
        RandomStream moments = new(1, "kills");
        Dictionary<string, string> manifests = [];
        List<string> started = [];
        int mostTwice = 0;
        for (int kill = 0; kill < 6; kill++)
        {
            using Process run = Process.Start(HaloLabProgram.Interruptible(arguments))!;
            Task<string> said = run.StandardError.ReadToEndAsync(Cancellation);
            int finished = Finished().Length + 1 + (int)(3 * moments.NextDouble());
            while (!run.HasExited && Finished().Length < finished)
            {
                await Task.Delay(20, Cancellation);
            }

            await Task.Delay(TimeSpan.FromSeconds(0.3 * moments.NextDouble()), Cancellation);
            Assert.False(run.HasExited, run.HasExited ? await said : "");
            int[] workers = Workers(run.Id);
            foreach (int process in (kill % 3) switch { 0 => [workers[kill % workers.Length]], 1 => [run.Id], _ => (int[])[run.Id, .. workers] })
            {
                Signal("KILL", process);
            }

            if (kill % 3 == 0)
            {
                // It goes on with another worker, and is then killed itself with all that it has begun.
                await Task.Delay(TimeSpan.FromSeconds(4 * moments.NextDouble()), Cancellation);
                Signal("KILL", run.Id);
                mostTwice++;
            }

            await run.WaitForExitAsync(Cancellation);
            started.AddRange(Started(await said));
            mostTwice += 2;

            // Not waited for: the next one finds workers that are about to end.
            foreach (string stage in Finished())
            {
                string manifest = await File.ReadAllTextAsync(Path.Combine(stage, StageManifest.FileName), Cancellation);
                Assert.Equal(manifest, manifests.GetValueOrDefault(stage, manifest));
                manifests[stage] = manifest;
            }
        }

        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        started.AddRange(Started(result.StandardError));
        Assert.All(manifests, item => Assert.Equal(item.Value, File.ReadAllText(Path.Combine(item.Key, StageManifest.FileName))));
        Assert.InRange(started.Count - started.Distinct().Count(), 0, mostTwice);
        AssertSame(undisturbed, Output, "components");
        Assert.Equal(Hashes(Path.Combine(undisturbed, "stages")), Hashes(Stages));
    }

    /// <summary>The components of the paper, killed twice on the way: every stage is computed once, but for the two that were at work.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task KilledTwiceEverySharedStageIsComputedOnce()
    {
        string[] arguments = Components(seeds: 3);
        List<string> started = [];
        foreach (int finished in new[] { 9, 40 })
        {
            using Process run = Process.Start(HaloLabProgram.Interruptible(arguments))!;
            Task<string> said = run.StandardError.ReadToEndAsync(Cancellation);
            while (!run.HasExited && Finished().Length < finished)
            {
                await Task.Delay(20, Cancellation);
            }

            Assert.False(run.HasExited, run.HasExited ? await said : "");
            run.Kill();
            await run.WaitForExitAsync(Cancellation);
            started.AddRange(Started(await said));
        }

        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        started.AddRange(Started(result.StandardError));
        AblationResult ablation = JsonFile.Read<AblationResult>(Path.Combine(Output, "components", "ablation.json"));

        // 84 by what they are made from (AblationGridTests); those whose inputs come out the same are one.
        Assert.Equal(138, ablation.Uses);
        Assert.InRange(ablation.Stages, 60, 84);
        Assert.Equal(ablation.Stages, Finished().Length);
        Assert.Equal(ablation.Stages, started.Distinct().Count());
        Assert.InRange(started.Count - ablation.Stages, 0, 2);
        Assert.Equal(15, ablation.Findings.Count);
        Assert.All(ablation.Findings, finding => Assert.NotEqual(Verdict.NotRun, finding.Verdict));
    }

    private string[] Components(int seeds, params string[] more) => ["ablate", "components", "--preset", "smoke", "--seeds", seeds.ToString(CultureInfo.InvariantCulture), "--threads", "1", "--checkpoints", Checkpoints, "--out", Output, .. more];

    /// <summary>Results of a grid, bytes but for times.</summary>
    private static void AssertSame(string expected, string actual, string grid)
    {
        Assert.Equal(Result(expected), Result(actual));
        Assert.Equal(Rows(expected), Rows(actual));
        Assert.Equal(Page(expected), Page(actual));

        string Result(string folder)
        {
            JsonNode result = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, grid, "ablation.json")))!;
            foreach (JsonNode? arm in result["variants"]!.AsArray())
            {
                (arm!["seconds"], arm["addedSeconds"]) = (0, 0);
            }

            return result.ToJsonString();
        }

        string[] Rows(string folder) => [.. File.ReadAllLines(Path.Combine(folder, grid, "ablation.csv")).Select(row => string.Join(',', row.Split(',')[..^2]))];
        string Page(string folder) => Costs().Replace(File.ReadAllText(Path.Combine(folder, grid, "ablation.html")), "");
    }

    /// <summary>Hashes of all files of stages but their manifests, which hold times, and what a killed process holds no more.</summary>
    private static SortedDictionary<string, string> Hashes(string stages) => new(
        Directory.EnumerateFiles(stages, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != StageManifest.FileName && Path.GetExtension(path) != ".lock" && Path.GetFileName(path) != "in-use")
            .ToDictionary(path => Path.GetRelativePath(stages, path), path => FileHash.Of(path)),
        StringComparer.Ordinal);

    /// <summary>Processes that a process has started.</summary>
    private static int[] Workers(int parent) =>
    [
        .. Directory.GetDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int process) ? process : 0)
            .Where(process => Status(process) is { Length: > 1 } status && status[1] == parent.ToString(CultureInfo.InvariantCulture)),
    ];

    private static bool IsAlive(int process) => Status(process) is { Length: > 0 } status && status[0] != "Z";

    /// <summary>State, parent and more of a process, as proc(5) has them after its name; empty where there is none.</summary>
    private static string[] Status(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static void Signal(string name, int process)
    {
        using Process kill = Process.Start("kill", ["-" + name, process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static string[] Started(string log) => [.. log.Split('\n').Where(line => line.Contains(": started;", StringComparison.Ordinal)).Select(line => line[..line.IndexOf(": started;", StringComparison.Ordinal)])];

    private string[] Finished() => Directory.Exists(Stages) ? [.. Directory.GetDirectories(Stages).Where(stage => !stage.EndsWith(".partial", StringComparison.Ordinal))] : [];

    /// <summary>The part of the page with times.</summary>
    [GeneratedRegex("<h2[^>]*>Variants and what they cost.*?(?=<h2)", RegexOptions.Singleline)]
    private static partial Regex Costs();
}
