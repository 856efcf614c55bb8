using System.Diagnostics;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab ablate</c> at the smallest size, on untrained checkpoints.</summary>
public sealed class AblateVerbTests : IDisposable
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
        BufferedCommandResult decided = await HaloLabProgram.Run("claims", Path.Combine(Output, "two-ways"), "--ledger", Path.Combine(RepositoryRoot.Path, "claims"));
        Assert.True(decided.IsSuccess, decided.StandardError);
        Assert.Contains("two-ways/regions of new pairs/motion", decided.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("not run", decided.StandardOutput, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("components", "nowhere.json")]
    [InlineData("quick, full, smoke", "components", "--preset", "enormous")]
    [InlineData("--seeds 0", "components", "--seeds", "0")]
    public async Task WrongInputIsOneMessageAndExitCode2(string expected, params string[] arguments) => await HaloLabProgram.Refuses(expected, Output, ["ablate", .. arguments]);

    /// <summary>The components of the paper, killed twice on the way: every stage is computed once, but for the two that were at work.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task KilledTwiceEverySharedStageIsComputedOnce()
    {
        string[] arguments = ["ablate", "components", "--preset", "smoke", "--seeds", "3", "--threads", "1", "--checkpoints", Checkpoints, "--out", Output];
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

    private static string[] Started(string log) => [.. log.Split('\n').Where(line => line.Contains(": started;", StringComparison.Ordinal)).Select(line => line[..line.IndexOf(": started;", StringComparison.Ordinal)])];

    private string[] Finished() => Directory.Exists(Stages) ? [.. Directory.GetDirectories(Stages).Where(stage => !stage.EndsWith(".partial", StringComparison.Ordinal))] : [];
}
