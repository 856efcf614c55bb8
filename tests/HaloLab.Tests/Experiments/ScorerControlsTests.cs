using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments;

/// <summary>Scorers that ignore something are found out.</summary>
public sealed class ScorerControlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-controls").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The prompt says by how much the clip's brightness rises.</summary>
    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, true, ClipControl.OtherPrompt)]
    [InlineData(true, true, false, ClipControl.ShuffledFrames, ClipControl.ReversedTime)]
    [InlineData(true, false, false, ClipControl.OtherPrompt, ClipControl.ShuffledFrames, ClipControl.ReversedTime, ClipControl.BlackVideo)]
    public async Task WhatAScorerIgnoresIsFlagged(bool readsPrompt, bool seesPictures, bool seesTime, params ClipControl[] flagged)
    {
        ClipToScore[] clips = [.. Enumerable.Range(0, 6).Select(i => new ClipToScore(Clip(i), $"{7 * (10 + i)}"))];
        using Scorer scorer = new(readsPrompt, seesPictures, seesTime);
        ClipScoring scoring = new(Path.Combine(_folder, "cache"));
        IReadOnlyList<ScoredClip> rows = await scoring.ScoreAsync(scorer, [.. clips, .. ScorerControls.ClipsOf(clips)], _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal(6 * 5, rows.Count);
        ScorerControls controls = new(scorer.Name, scorer.Dimensions, rows);
        Assert.Equal(flagged, ScorerControls.Changes.Where(change => controls.Notices(change) == false));
        Assert.All(flagged, change => Assert.NotEmpty(ScorerControls.Warning(change)));
        Assert.Equal(flagged.Length, controls.Warnings.Count);

        // Of a measurement it is no fault not to read prompts or to measure the same backwards.
        ScorerControls measurement = new(scorer.Name, scorer.Dimensions, rows, isMeasurement: true);
        Assert.Equal(flagged.Count(change => change is ClipControl.ShuffledFrames or ClipControl.BlackVideo), measurement.Warnings.Count);
    }

    [Fact]
    public void TwoClipsAreTooFewAndOnePromptHasNoOther()
    {
        ClipToScore[] clips = [new("a", "same"), new("b", "same")];
        IReadOnlyList<ClipToScore> changed = ScorerControls.ClipsOf(clips);
        Assert.Equal(6, changed.Count);
        Assert.DoesNotContain(changed, clip => clip.Control == ClipControl.OtherPrompt);
        ScorerControls controls = new("x", ["d"], [.. clips.Concat(changed).Select((clip, i) => new ScoredClip(clip, [i], null))]);
        Assert.All(ScorerControls.Changes, change => Assert.Null(controls.Notices(change)));
    }

    private string Clip(int seed)
    {
        byte[] pixels = new byte[8 * 16 * 16 * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            // Later frames are brighter, by a little more in every clip.
            pixels[i] = (byte)(100 + (i / (16 * 16 * 3) * (10 + seed)));
        }

        string path = Path.Combine(_folder, $"clip-{seed}.png");
        AtomicFile.Write(path, stream => stream.Write(Apng.Encode(new VideoClip(pixels, 8, 16, 16, 8))));
        Ffmpeg.Require();
        return path;
    }

    private sealed class Scorer(bool readsPrompt, bool seesPictures, bool seesTime) : IVideoScorer
    {
        public string Name => "test";

        public IReadOnlyList<string> Dimensions => ["score"];

        public IReadOnlyDictionary<string, string> Hashes => new Dictionary<string, string>();

        public IReadOnlyList<double> Score(VideoClip clip, string prompt)
        {
            double[] brightness = [.. Enumerable.Range(0, clip.Frames).Select(i => (double)clip.Frame(i)[0])];
            double seen = seesTime ? brightness.Select((value, t) => value * t).Sum() : seesPictures ? brightness.Sum() : 0;
            bool fits = readsPrompt && seesPictures && prompt == $"{brightness.Max() - brightness.Min()}";
            return [seen + (fits ? 1000 : 0)];
        }

        public void Dispose()
        {
        }
    }
}
