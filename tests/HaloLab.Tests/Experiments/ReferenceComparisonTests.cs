using HaloLab.Evaluation.Scorers;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments;

public sealed class ReferenceComparisonTests
{
    private const int Width = 2;

    [Fact]
    public void ModelsAreHeldAgainstAGivenReference()
    {
        ReferenceComparison comparison = new([Model("near", 10), Model("far", 10)], Model("real", 10), seed: 1);
        using FeatureScorer scorer = new(new Features());
        comparison.AddFeatures(scorer, [Rows(comparison.Models[0], 0.2), Rows(comparison.Models[1], 2)], Rows(comparison.Reference, 0));
        ReferenceDistance[] kernels = [.. comparison.Distances.Where(distance => distance.Score == "fake-features kernel distance")];
        Assert.Equal([("near", 10, 10), ("far", 10, 10)], kernels.Select(distance => (distance.Model, distance.Clips, distance.ReferenceClips)));
        Assert.Null(kernels[0].Change);
        Assert.True(kernels[1].Value.Low > kernels[0].Value.High);
        Assert.Equal(kernels[1].Value.Estimate - kernels[0].Value.Estimate, kernels[1].Change!.Value.Estimate, 1e-9);
        Assert.True(kernels[1].Change!.Value.Low > 0);

        ReferenceDistance[] frechet = [.. comparison.Distances.Where(distance => distance.Score == "fake-features Fréchet distance")];
        Assert.All(frechet, distance => Assert.Equal("", distance.Reason));
        Assert.InRange(frechet[1].Uncorrected!.Value, 4, 12);
        Assert.True(frechet[1].Value.Low > frechet[0].Value.Estimate);
        Assert.True(frechet[1].Change!.Value.Estimate > 3);
        Assert.Contains("near", comparison.Table().ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void TooFewClipsOrPromptsHaveAReasonAndNoValue()
    {
        ReferenceComparison comparison = new([Model("a", 20), Model("b", 7), Model("c", 5)], null, seed: 1);
        Assert.Equal(["b", "c", "a"], comparison.Models.Append(comparison.Reference).Select(model => model.Model));
        using FeatureScorer scorer = new(new Features());
        IReadOnlyList<ScoredClip> Wide(PromptedFolder model) => [.. Rows(model, 0).Select(row => row with { Scores = [.. row.Scores!, 0, 0] })];
        ScoredClip broken = new(new ClipToScore("broken", "p0"), null, "no video");
        comparison.AddFeatures(scorer, [[.. Wide(comparison.Models[0]), broken], Wide(comparison.Models[1])], Wide(comparison.Reference));
        ReferenceDistance[] distances = [.. comparison.Distances];
        Assert.True(distances[0].Value.IsDefined);
        Assert.Equal("features of width 4 need at least 8 clips on either side, and there are 7 and 20; the kernel distance stands in for it", distances[1].Reason);
        Assert.True(double.IsNaN(distances[1].Value.Estimate));
        Assert.All(distances[2..], distance => Assert.Equal("5 prompts of the model and 20 of the reference: expected at least 6 of each", distance.Reason));
        Assert.Equal(("b", "broken", "fake-features", "no video"), Assert.Single(comparison.Missing));
    }

    [Fact]
    public void PairsAreFoundByPromptAndNumber()
    {
        PromptedFolder first = new("a", [new("a/clip-000.png", "p"), new("a/clip-001.png", "p"), new("a/x.png", "q")]);
        PromptedFolder second = new("b", [new("b/other 001.png", "p"), new("b/clip-001.png", "q"), new("b/x.mp4", "q"), new("b/clip-002.png", "p")]);
        ReferenceComparison comparison = new([first, second], null, seed: 1);
        Assert.Equal([("b/other 001.png", "a/clip-001.png"), ("b/x.mp4", "a/x.png")], comparison.PairsOf(second).Select(pair => (pair.Key, pair.Value)));
        ReferenceComparison twice = new([first, second], new PromptedFolder("r", [new("r/a-1.png", "p"), new("r/b-1.png", "p")]), seed: 1);
        Assert.Contains("same number at the end", Assert.Throws<InputException>(() => twice.PairsOf(second)).Message, StringComparison.Ordinal);
    }

    private static PromptedFolder Model(string name, int prompts) => new(name, [.. Enumerable.Range(0, prompts).Select(i => new ClipToScore($"{name}/{i}", $"p{i}"))]);

    private static IReadOnlyList<ScoredClip> Rows(PromptedFolder model, double shift)
    {
        RandomStream stream = new(3, model.Model);
        return [.. model.Clips.Select(clip => new ScoredClip(clip, [.. Enumerable.Range(0, Width).Select(_ => stream.NextGaussian() + shift)], null, Frames: 2))];
    }

    private sealed class Features : IClipFeatures
    {
        public string Name => "fake";

        public IReadOnlyList<string> Dimensions { get; } = [];

        public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string>();

        public IReadOnlyList<double> FeaturesOf(VideoClip clip) => [];

        public IReadOnlyList<double> Score(VideoClip clip, string prompt) => [];

        public void Dispose()
        {
        }
    }
}
