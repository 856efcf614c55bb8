using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Clips of known quality for the judges: half are samples of the toy generator, half are renders, damaged or not. A fifth of all carry the
/// caption of another clip, and a tenth of the renders stand still, so that disobedience and lack of motion are there to be learned.
/// </summary>
internal sealed class ToyLabelledClips
{
    private const double DamagedShare = 0.6;
    private const double OtherCaptionShare = 0.2;
    private const double StillShare = 0.1;
    private const int ClipsPerFile = 16;
    private const double SecondsPerClip = 0.3;

    private readonly string _purpose;
    private readonly int _count;
    private readonly long _seed;
    private readonly Stage _autoencoder;
    private readonly Stage _generator;

    /// <param name="purpose">Names the set, in lower case with dashes; another name gives other clips.</param>
    /// <param name="count">How many, even.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="autoencoder">The stage that trained the autoencoder.</param>
    /// <param name="generator">The stage that trained the generator.</param>
    public ToyLabelledClips(string purpose, int count, long seed, Stage autoencoder, Stage generator)
    {
        (_purpose, _count, _seed, _autoencoder, _generator) = (purpose, count, seed, autoencoder, generator);
        Samples = new Stage(
            $"toy-samples-{purpose}",
            1,
            new JsonObject { ["seed"] = seed, ["samples"] = SampleCount, ["guidance"] = ToyGenerator.Guidance },
            [autoencoder, generator],
            SampleCount * SecondsPerClip,
            MakeSamples);
    }

    /// <summary>Makes the samples; the renders cost next to nothing and are made when they are read.</summary>
    public Stage Samples { get; }

    private int SampleCount => _count / 2;

    /// <summary>Renders and samples with the captions they are graded against.</summary>
    public IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> Load(StageContext context)
    {
        using ClipBundle samples = ClipBundle.Load(Directory.GetFiles(context.Input(Samples.Name, ""), "clips-*.safetensors").Order(StringComparer.Ordinal));
        (ToyCaption Caption, VideoClip Clip)[] all =
        [
            .. Enumerable.Range(0, _count - SampleCount).Select(Render),
            .. samples.Prompts.Zip(samples.Clips, (prompt, clip) => (ToyCaption.Parse(prompt), clip)),
        ];
        RandomStream swaps = new(_seed, _purpose + " other captions");
        return [.. all.Select(item => swaps.NextDouble() < OtherCaptionShare ? (all[swaps.Next(_count)].Caption, item.Clip) : item)];
    }

    private (ToyCaption Caption, VideoClip Clip) Render(int place)
    {
        (ToyCaption caption, VideoClip clip) = new ToyCorpus(_seed, _purpose + " renders", DamagedShare)[place];
        return (caption, new RandomStream(_seed, _purpose + " still", place).NextDouble() < StillShare ? Still(clip) : clip);
    }

    private void MakeSamples(StageContext context)
    {
        using ToyGenerator generator = ToyPretraining.Load(context, _autoencoder, _generator);
        IReadOnlyList<ToyCaption>[] captions = [ToyPrompts.Of(ToySplit.Training, 1), ToyPrompts.Of(ToySplit.Training, 2)];
        for (int first = 0; first < SampleCount; first += ClipsPerFile)
        {
            string path = context.PathOf(string.Create(CultureInfo.InvariantCulture, $"clips-{first:00000}.safetensors"));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                RandomStream stream = new(_seed, _purpose + " samples", first);
                string[] prompts = [.. Enumerable.Range(0, Math.Min(ClipsPerFile, SampleCount - first)).Select(i => captions[i % 2][stream.Next(captions[i % 2].Count)].ToString())];
                GeneratedClips clips = generator.Generate(prompts, [.. prompts.Select(_ => stream.NextInt64())]);
                using ClipBundle bundle = new(clips.Pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond), prompts, prompts, clips.Latents_BCTHW);
                bundle.Save(path);
            }

            context.Report(first + ClipsPerFile, SampleCount);
        }
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
