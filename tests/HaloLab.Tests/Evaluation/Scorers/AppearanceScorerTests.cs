using HaloLab.Evaluation.Scorers;
using HaloLab.Videos;

namespace HaloLab.Tests.Evaluation.Scorers;

public sealed class AppearanceScorerTests
{
    [Fact]
    public void BrightnessContrastSaturationAndMotionAreThoseOfTheirDefinitions()
    {
        // Two pixels, two frames: pure red and white, then black and white.
        using AppearanceScorer scorer = new();
        VideoClip clip = new([255, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255], 2, 1, 2, 8);
        IReadOnlyList<double> scores = scorer.Score(clip, "");
        double mean = ((1 / 3.0) + 1 + 0 + 1) / 4;
        Assert.Equal(mean, scores[0], 1e-12);
        Assert.Equal(Math.Sqrt((((1 / 9.0) + 1 + 0 + 1) / 4) - (mean * mean)), scores[1], 1e-12);
        Assert.Equal(1 / 4.0, scores[2], 1e-12);
        Assert.Equal(1 / 6.0, scores[3], 1e-12);

        Assert.Equal([1, 0, 0, 0], scorer.Score(new VideoClip([255, 255, 255], 1, 1, 1, 8), ""));
    }
}
