using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Clips of known quality for the judges: half are samples of the toy generator, half are renders, damaged or not. A fifth of all carry the
/// caption of another clip, and a tenth of the renders stand still, so that disobedience and lack of motion are there to be learned.
/// </summary>
internal static class ToyLabelledClips
{
    private const double DamagedShare = 0.6;
    private const double OtherCaptionShare = 0.2;
    private const double StillShare = 0.1;
    private const int ClipsAtOnce = 16;

    /// <summary>Makes the clips.</summary>
    /// <param name="generator">The toy generator.</param>
    /// <param name="purpose">Names the set; another name gives other clips.</param>
    /// <param name="count">How many, even.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="report">Told the number of clips made.</param>
    public static IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> Make(ToyGenerator generator, string purpose, int count, long seed, Action<int> report)
    {
        List<(ToyCaption Caption, VideoClip Clip)> clips = [];
        ToyCorpus corpus = new(seed, purpose + " renders", DamagedShare);
        while (clips.Count < count / 2)
        {
            RandomStream stream = new(seed, purpose + " still", clips.Count);
            (ToyCaption caption, VideoClip clip) = corpus[clips.Count];
            clips.Add((caption, stream.NextDouble() < StillShare ? Still(clip) : clip));
        }

        IReadOnlyList<ToyCaption>[] captions = [ToyPrompts.Of(ToySplit.Training, 1), ToyPrompts.Of(ToySplit.Training, 2)];
        while (clips.Count < count)
        {
            using var scope = NewDisposeScope();
            RandomStream stream = new(seed, purpose + " samples", clips.Count);
            int size = Math.Min(ClipsAtOnce, count - clips.Count);
            ToyCaption[] batch = [.. Enumerable.Range(0, size).Select(i => captions[i % 2][stream.Next(captions[i % 2].Count)])];
            long[] seeds = [.. batch.Select(_ => stream.NextInt64())];
            Tensor pixels_BCTHW = generator.Generate([.. batch.Select(caption => caption.ToString())], seeds).Pixels_BCTHW;
            clips.AddRange(batch.Zip(pixels_BCTHW.unbind(), (caption, pixels_CTHW) => (caption, pixels_CTHW.ToClip(ToyRenderer.FramesPerSecond))));
            report(clips.Count);
        }

        RandomStream swaps = new(seed, purpose + " other captions");
        ToyCaption[] own = [.. clips.Select(item => item.Caption)];
        return [.. clips.Select((item, i) => swaps.NextDouble() < OtherCaptionShare ? (own[swaps.Next(count)], item.Clip) : item)];
    }

    private static VideoClip Still(VideoClip clip)
    {
        byte[] pixels = new byte[clip.Pixels.Length];
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            clip.Frame(0).CopyTo(pixels.AsSpan(frame * clip.Frame(0).Length));
        }

        return new VideoClip(pixels, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);
    }
}
