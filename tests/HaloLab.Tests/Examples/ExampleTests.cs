using System.Text.Json;
using HaloLab.Diffusion;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Videos;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Examples;

/// <summary>The worked examples of docs/extending.md do what it says.</summary>
public sealed class ExampleTests : IDisposable
{
    private static readonly PatchGrid Grid = new(2, 2, 2);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-examples").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AScorerOfOnesOwnScoresFilesAndIsRemembered()
    {
        Ffmpeg.Require();

        // A single bright pixel in 3×3: its own Laplacian is the only one, 4 × 90.
        byte[] pixels = new byte[27];
        pixels.AsSpan(12, 3).Fill(90);
        using SharpnessScorer scorer = new();
        Assert.Equal(360, Assert.Single(scorer.Score(new VideoClip(pixels, 1, 3, 3, 8), "anything")), 1e-12);
        Assert.Throws<InputException>(() => scorer.Score(new VideoClip(new byte[6], 1, 1, 2, 8), ""));

        VideoClip grey = new([.. Enumerable.Repeat((byte)77, 2 * 16 * 16 * 3)], 2, 16, 16, 8);
        string clip = Path.Combine(_folder, "grey.png");
        File.WriteAllBytes(clip, Apng.Encode(grey));
        ClipScoring scoring = new(Path.Combine(_folder, "cache"));
        for (int i = 0; i < 2; i++)
        {
            ScoredClip scored = Assert.Single(await scoring.ScoreAsync(scorer, [new ClipToScore(clip, "grey")], _ => { }, Cancellation));
            Assert.Equal(0, Assert.Single(scored.Scores!), 1e-12);
        }

        Assert.Single(File.ReadAllLines(Assert.Single(Directory.GetFiles(Path.Combine(_folder, "cache")))));
    }

    [Fact]
    public void AnObjectiveOfOnesOwnLooksAtItsRegionAlone()
    {
        RandomStream stream = new(1, "example");
        PatchEnergies Energies() => new(FiniteDifference.Normal(stream, 3), FiniteDifference.Normal(stream, 3, 2, 2, 2));
        (PatchEnergies a, PatchEnergies b, PatchEnergies referenceA, PatchEnergies referenceB) = (Energies(), Energies(), Energies(), Energies());
        PairRewards rewards = new(FiniteDifference.Normal(stream, 3), FiniteDifference.Normal(stream, 3), FiniteDifference.Normal(stream, 3, 2, 2, 2), FiniteDifference.Normal(stream, 3, 2, 2, 2));
        GranDpoOptions options = new() { BetaPatch = 2 };
        Tensor everywhere = ones([2, 2, 2], ScalarType.Float64);
        TensorAssert.Identical(
            GranDpoObjective.Compute(a, b, referenceA, referenceB, rewards, options with { Terms = PreferenceTerms.PatchOnly }).Loss,
            RegionMaskedDpo.Compute(a, b, referenceA, referenceB, rewards, everywhere, options).Loss);

        // One patch: its term is all there is.
        Tensor one = zeros([2, 2, 2], ScalarType.Float64);
        one[1, 0, 1] = 1;
        GranDpoLoss loss = RegionMaskedDpo.Compute(a, b, referenceA, referenceB, rewards, one, options);
        double[] margins = loss.PatchMargin_Bthw[.., 1, 0, 1].data<double>().ToArray();
        Assert.Equal(margins.Average(margin => Math.Log(1 + Math.Exp(-2 * margin))), loss.Loss.item<double>(), 1e-12);
        Assert.Equal(3.0, loss.PatchSign_Bthw.abs().sum().item<double>());
    }

    [Fact]
    public void ADenoiserOfOnesOwnIsTuned()
    {
        RandomStream stream = new(2, "example");
        Tensor Latents() => GaussianNoise.Draw(stream, 4, 3, 2, 4, 4);
        PatchRewards Patches() => new(Grid, [.. Enumerable.Range(0, Grid.Count).Select(_ => (double?)stream.NextDouble())]);
        PreferencePair[] preferences = [.. Enumerable.Range(0, 4).Select(i => new PreferencePair($"prompt {i}", new Candidate($"a{i}", stream.NextDouble(), Patches()), new Candidate($"b{i}", stream.NextDouble(), Patches()), "example"))];
        using TrainingPairs pairs = new(preferences, Latents(), Latents(), GaussianNoise.Draw(stream, 1, 2, 5), [0, 0, 0, 0], new LatentLattice(2, 4, 4, 8));
        using ConvolutionalDenoiser model = new(latentChannels: 3, width: 8, textWidth: 5);
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = 80, BatchPairs = 4, LearningRate = 0.003, WarmUpSteps = 2, Grid = Grid, DrawsPerPair = 1, Objective = new() { BetaVideo = 20, BetaPatch = 5 } };
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options, Path.Combine(_folder, "cache"));
        trainer.Run(_folder, null, Cancellation);
        double[] losses = [.. File.ReadLines(Path.Combine(_folder, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        Assert.Equal(Math.Log(2), losses[0], 1e-6);
        Assert.True(losses[^1] < 0.9 * losses[0], $"from {losses[0]} to {losses[^1]}");
    }
}
