using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Tests.ToyWorld;

/// <summary>The whole recipe at the smallest size, on untrained checkpoints.</summary>
public sealed class ReproductionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-reproduction").FullName;

    public ReproductionTests() => RandomToyCheckpoints.Write(Checkpoints);

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryClaimIsDecidedAndANotebookReadsTheStages()
    {
        string folder = Path.Combine(_folder, "run");
        IReadOnlyList<Claim> claims = Run(folder, int.MaxValue);
        Assert.Equal(["C1", "C2", "C3", "C4", "C5", "C5b"], claims.Select(claim => claim.Id));
        Assert.All(claims, claim => Assert.NotEqual(Verdict.NotRun, claim.Verdict));
        Assert.All(claims.SelectMany(claim => claim.Comparisons), comparison =>
            Assert.Equal(comparison.Verdict, new ClaimRule(comparison.Threshold, comparison.Direction).Judge(new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level))));
        Assert.True(File.Exists(Path.Combine(folder, "report.html")));
        Assert.True(File.Exists(Path.Combine(folder, "manifest.json")));
        ANotebookReadsTheStagesOfTheRun(folder, claims);
    }

    /// <summary>At every stage; <c>.ci/kill-and-resume</c> kills the program at random moments.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void AnInterruptedRunEndsInTheSameBytesAsAnUndisturbedOne()
    {
        string undisturbed = Path.Combine(_folder, "undisturbed");
        string interrupted = Path.Combine(_folder, "interrupted");
        Run(undisturbed, int.MaxValue);

        // Stopped at every thirtieth report of progress, again and again, until it gets through.
        Interruptions.UntilDone(() => Run(interrupted, 30));
        Assert.Equal(Files(undisturbed), Files(interrupted));
    }

    [Fact]
    public void AnUnknownPresetIsRefused() =>
        Assert.Contains("quick, full, smoke", Assert.Throws<InputException>(() => ToyRun.Open("fast", 1, _folder, new NothingStarts(), Checkpoints)).Message, StringComparison.Ordinal);

    /// <summary>Everything that a notebook asks for is found finished; only an arm that the run does not have is computed.</summary>
    private void ANotebookReadsTheStagesOfTheRun(string folder, IReadOnlyList<Claim> claims)
    {
        ToyRun run = ToyRun.Open("smoke", 1, folder, new NothingStarts(), Checkpoints);
        int clips = run.Settings.ReportingPrompts * run.Settings.SamplesPerPrompt;
        Assert.Equal(claims.Select(claim => (claim.Id, claim.Verdict, claim.Estimate)), run.Claims().Select(claim => (claim.Id, claim.Verdict, claim.Estimate)));
        Assert.Equal(clips, run.Judgement(ReproductionArm.Halo).Rows.Count);
        Assert.Equal(clips, run.Agreement().PromptOfClip().Length);
        Assert.Equal(run.Settings.TuningSteps, run.Tuning(ReproductionArm.DiffusionDpo).Count);
        Assert.NotEmpty(run.RewardTraining(RewardArm.Joint, run.Settings.LabelBudgets[0]));
        Assert.Equal(run.Labels().Count, run.CandidateRewards().Video.Length);
        Assert.All(run.Pairs().Rows, pair => Assert.Equal(run.Labels()[pair.A].Prompt, run.Labels()[pair.B].Prompt));
        using (HaloLab.Generation.ClipBundle candidates = run.Candidates())
        {
            Assert.Equal(run.Pairs().Rows.Select(pair => candidates.Clips[pair.B].ContentHash), run.Preferences(candidates).Select(pair => pair.B.Id));
        }

        using (HaloLab.Generation.ClipBundle samples = run.Samples())
        {
            Assert.Equal(samples.Clips.Select(clip => clip.ContentHash), run.Judgement().Rows.Select(row => row.Clip));
        }

        Assert.Contains("2, 4", Assert.Throws<InputException>(() => run.RewardModel(labelledPrompts: 3)).Message, StringComparison.Ordinal);
        Assert.Equal("tuned-sft-s1", Assert.Throws<InvalidOperationException>(() => run.Tuning(ReproductionArm.Sft)).Message);
    }

    private IReadOnlyList<Claim> Run(string folder, int reports)
    {
        using CancellationTokenSource cancellation = new();
        ToyReproduction reproduction = new(ReproductionSettings.Smoke, firstSeed: 1, seeds: 1, Checkpoints);
        return reproduction.Run(folder, new StoppingProgress(reports, cancellation), cancellation.Token);
    }

    /// <summary>Every file of every stage but the manifests, which hold times, and claims.json.</summary>
    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(Path.Combine(folder, "stages"), "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != StageManifest.FileName)
            .Append(Path.Combine(folder, "claims.json"))
            .ToDictionary(path => Path.GetRelativePath(folder, path), path => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));

    private sealed class NothingStarts : IRunProgress
    {
        public void StageStarted(string name, string? folder, double secondsLeft) => throw new InvalidOperationException(name);

        public void StageAdvanced(string name, double share, double secondsLeft)
        {
        }

        public void StageFinished(StageResult result)
        {
        }
    }
}
