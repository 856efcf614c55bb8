using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Evaluation.Scorers;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation.Scorers;

/// <summary>Motion smoothness and dynamic degree from files beside clips.</summary>
public sealed class GivenMotionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-motion").FullName;

    private string Clip => Path.Combine(_folder, "a cat-0.mp4");

    private string Flow => Path.Combine(_folder, "a cat-0.flow.safetensors");

    private string Interpolated => Path.Combine(_folder, "a cat-0.interpolated.safetensors");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("vbench", "vbench*");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void SmoothnessIsTheReferences(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        JsonElement result = golden.Json.GetProperty("results").GetProperty("motion_smoothness");
        Tensor frames_THWC = golden.Tensors["in." + result.GetProperty("video").GetString()];
        VideoClip clip = new([.. frames_THWC.contiguous().bytes], (int)frames_THWC.shape[0], (int)frames_THWC.shape[1], (int)frames_THWC.shape[2], 8);
        long between = (clip.Frames - 1) / 2;
        Save(Interpolated, "interpolated", golden.Tensors["in.interp"].index_select(0, (arange(between) * 2) + 1));
        using SmoothnessScorer scorer = new();
        Assert.Equal(result.GetProperty("score").GetDouble(), scorer.ScoreFile(Clip, clip, "a cat").Scores[0], 1e-6);
    }

    [Fact]
    public void AClipIsDynamicWhereEnoughPairsMoveEnough()
    {
        // 24 frames a second: every third counts, 17 frames are 6, of which round(4 · 6 / 16) = 2 pairs must move more than 6 · 16 / 256 pixels.
        VideoClip clip = Black(17, 24);
        using DynamicsScorer scorer = new();
        foreach ((double[] lengths, double expected) in new (double[], double)[] { ([0.4, 0, 0.4, 0, 0], 1), ([0.4, 0.3, 0.3, 0.3, 0.3], 0) })
        {
            using var scope = NewDisposeScope();
            Tensor flow_P2HW = zeros(5, 2, 16, 24);
            for (int pair = 0; pair < lengths.Length; pair++)
            {
                // A twentieth of the pixels moves; those that stand still do not count.
                flow_P2HW[pair, 1].flatten().narrow(0, 0, 20).fill_(lengths[pair]);
            }

            Save(Flow, "flow", flow_P2HW);
            Assert.Equal(expected, scorer.ScoreFile(Clip, clip, "a cat").Scores[0]);
        }
    }

    [Fact]
    public void WhatDoesNotFitTheClipIsNamed()
    {
        using var scope = NewDisposeScope();
        using DynamicsScorer dynamics = new();
        using SmoothnessScorer smoothness = new();
        Assert.Contains("a cat-0.flow.safetensors: not found", Assert.Throws<InputException>(() => dynamics.Beside(Clip)).Message, StringComparison.Ordinal);
        Assert.Contains("a cat-0.interpolated.safetensors: not found", Assert.Throws<InputException>(() => smoothness.Beside(Clip)).Message, StringComparison.Ordinal);
        Save(Flow, "flow", zeros(16, 2, 16, 24));
        Assert.Contains("'flow' is Float32 of 16x2x16x24. Expected float32 of 5x2x16x24", Assert.Throws<InputException>(() => dynamics.ScoreFile(Clip, Black(17, 24), "")).Message, StringComparison.Ordinal);
        Save(Flow, "flows", zeros(5, 2, 16, 24));
        Assert.Contains("has no tensor 'flow'", Assert.Throws<InputException>(() => dynamics.ScoreFile(Clip, Black(17, 24), "")).Message, StringComparison.Ordinal);
        Save(Interpolated, "interpolated", zeros(8, 16, 24, 3));
        Assert.Contains("Expected bytes of 8x16x24x3", Assert.Throws<InputException>(() => smoothness.ScoreFile(Clip, Black(17, 24), "")).Message, StringComparison.Ordinal);
        Assert.Contains("at least three", Assert.Throws<InputException>(() => smoothness.ScoreFile(Clip, Black(2, 24), "")).Message, StringComparison.Ordinal);
        Assert.Contains("needs at least two", Assert.Throws<InputException>(() => dynamics.ScoreFile(Clip, Black(3, 24), "")).Message, StringComparison.Ordinal);
    }

    private static VideoClip Black(int frames, double rate) => new(new byte[frames * 16 * 24 * 3], frames, 16, 24, rate);

    private static void Save(string path, string name, Tensor tensor) => Safetensors.Save(path, new Dictionary<string, Tensor> { [name] = tensor });
}
