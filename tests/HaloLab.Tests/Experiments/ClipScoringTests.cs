using System.Diagnostics;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Scaling;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments;

/// <summary>What is kept of clips that were scored.</summary>
public sealed class ClipScoringTests : IDisposable
{
    private const string Turned = "The file stores its pictures turned by 90 degrees; they are read upright, 16x32 pixels.";
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-scoring").FullName;

    private string CacheFolder => Path.Combine(_folder, "cache");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ARemarkStaysWithItsScoreAndOlderLinesAreScoredAgain()
    {
        Ffmpeg.Require();
        string path = await TurnedClip();
        using Scorer scorer = new();
        ScoredClip first = await Score(scorer, path);
        Assert.Equal((1, Turned, 4), (scorer.Asked, first.Remark, first.Frames));
        ScoredClip second = await Score(scorer, path);
        Assert.Equal((1, Turned, 4, first.Scores![0]), (scorer.Asked, second.Remark, second.Frames, second.Scores![0]));

        // A line as it was before remarks and frames were kept.
        string cache = Directory.GetFiles(CacheFolder).Single();
        string line = await File.ReadAllTextAsync(cache, Cancellation);
        string old = line.Replace($",\"Remark\":\"{Turned}\",\"Frames\":4", "", StringComparison.Ordinal);
        Assert.NotEqual(line, old);
        await File.WriteAllTextAsync(cache, old, Cancellation);
        ScoredClip third = await Score(scorer, path);
        Assert.Equal((2, Turned, 4, 2), (scorer.Asked, third.Remark, third.Frames, third.Scores![0]));

        // Scored once: of the two lines the last counts.
        string twoLines = await File.ReadAllTextAsync(cache, Cancellation);
        ScoredClip fourth = await Score(scorer, path);
        Assert.Equal((2, Turned, 2), (scorer.Asked, fourth.Remark, fourth.Scores![0]));
        Assert.Equal(twoLines, await File.ReadAllTextAsync(cache, Cancellation));
    }

    [Fact]
    public async Task ARemarkStandsBesideTheReasonOfAClipThatTheScorerRefuses()
    {
        Ffmpeg.Require();
        using Scorer scorer = new() { Refuses = true };
        ScoredClip row = await Score(scorer, await TurnedClip());
        Assert.Equal((null, "no", Turned), (row.Scores, row.Reason, row.Remark));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(13, 64)]
    [InlineData(64, 13)]
    [InlineData(14, 14)]
    public async Task ClipsOfAFewPixelsAreNotShownToTheScorer(int height, int width)
    {
        Ffmpeg.Require();
        string path = Path.Combine(_folder, "small.png");
        await VideoFile.WriteAsync(new VideoClip(new byte[4 * height * width * 3], 4, height, width, 8), path, Cancellation);
        using Scorer scorer = new();
        ScoredClip row = await Score(scorer, path);
        bool isShown = Math.Min(height, width) >= ClipScoring.LeastSide;
        Assert.Equal((isShown ? 1 : 0, isShown ? null : $"{path}: {width}x{height} pixels are too few for a model to see anything in. Expected at least 14 on each side."), (scorer.Asked, row.Reason));
    }

    [Fact]
    public async Task WhatIsNoNumberIsAReason()
    {
        Ffmpeg.Require();
        using Scorer scorer = new() { Value = double.NaN };
        Assert.Contains("test gives no finite number", (await Score(scorer, await TurnedClip())).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClipIsScoredAgainWhenAFileBesideItChanges()
    {
        string path = Path.Combine(_folder, "clip.png");
        await VideoFile.WriteAsync(new VideoClip(new byte[4 * 16 * 16 * 3], 4, 16, 16, 8), path, Cancellation);
        string beside = Path.Combine(_folder, "clip.txt");
        await File.WriteAllTextAsync(beside, "one", Cancellation);
        using Scorer scorer = new() { BesideFile = beside };
        await Score(scorer, path);
        await Score(scorer, path);
        Assert.Equal(1, scorer.Asked);
        await File.WriteAllTextAsync(beside, "two", Cancellation);
        await Score(scorer, path);
        Assert.Equal(2, scorer.Asked);

        // The file was made for the clip as it is.
        ScoredClip changed = Assert.Single(await new ClipScoring(CacheFolder).ScoreAsync(scorer, [new ClipToScore(path, "a prompt", ClipControl.BlackVideo)], _ => { }, Cancellation));
        Assert.Contains("reads clip.txt, made for the clip as it is", changed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatShardsHaveScoredIsNotScoredAgain()
    {
        ClipToScore[] clips = [.. Enumerable.Range(0, 5).Select(i => new ClipToScore(Path.Combine(_folder, $"clip-{i}.png"), $"prompt {i}"))];
        foreach ((int i, ClipToScore clip) in clips.Index())
        {
            byte[] pixels = new byte[4 * 16 * 16 * 3];
            Array.Fill(pixels, (byte)i);
            await VideoFile.WriteAsync(new VideoClip(pixels, 4, 16, 16, 8), clip.File, Cancellation);
        }

        using Scorer scorer = new();
        foreach (Shard shard in new Shard(0, 2).All)
        {
            IReadOnlyList<ScoredClip> part = await new ClipScoring(CacheFolder, shard).ScoreAsync(scorer, clips, _ => { }, Cancellation);
            Assert.Equal(shard.Of(clips), part.Select(row => row.Clip));
        }

        Assert.Equal(5, scorer.Asked);
        Assert.Equal(2, Directory.GetFiles(CacheFolder).Length);

        // The last line of a shard is being written: its file is read up to there and left as it is.
        string other = Directory.GetFiles(CacheFolder).Order(StringComparer.Ordinal).Last();
        await File.AppendAllTextAsync(other, "{\"Clip\":", Cancellation);
        IReadOnlyList<ScoredClip> all = await new ClipScoring(CacheFolder).ScoreAsync(scorer, clips, _ => { }, Cancellation);
        Assert.Equal(5, scorer.Asked);
        Assert.Equal(clips, all.Select(row => row.Clip));
        Assert.All(all, row => Assert.NotNull(row.Scores));
        Assert.EndsWith("{\"Clip\":", await File.ReadAllTextAsync(other, Cancellation), StringComparison.Ordinal);
    }

    private async Task<ScoredClip> Score(Scorer scorer, string path) =>
        Assert.Single(await new ClipScoring(CacheFolder).ScoreAsync(scorer, [new ClipToScore(path, "a prompt")], _ => { }, Cancellation));

    private async Task<string> TurnedClip()
    {
        string flat = Path.Combine(_folder, "flat.mp4");
        string turned = Path.Combine(_folder, "turned.mp4");
        await VideoFile.WriteAsync(new VideoClip(new byte[4 * 16 * 32 * 3], 4, 16, 32, 8), flat, Cancellation);
        using Process process = Process.Start("ffmpeg", ["-v", "error", "-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned]);
        await process.WaitForExitAsync(Cancellation);
        Assert.Equal(0, process.ExitCode);
        return turned;
    }

    private sealed class Scorer : IVideoScorer
    {
        public int Asked { get; private set; }

        public bool Refuses { get; init; }

        public double? Value { get; init; }

        public string? BesideFile { get; init; }

        public string Name => "test";

        public IReadOnlyList<string> Dimensions => ["score"];

        public IReadOnlyDictionary<string, string> Hashes => new Dictionary<string, string>();

        public IReadOnlyList<string> Beside(string file) => BesideFile is null ? [] : [BesideFile];

        public IReadOnlyList<double> Score(VideoClip clip, string prompt)
        {
            Asked++;
            return Refuses ? throw new InputException("no") : [Value ?? Asked];
        }

        public void Dispose()
        {
        }
    }
}
