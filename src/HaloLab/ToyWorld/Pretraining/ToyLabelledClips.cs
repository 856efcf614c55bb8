using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Clips of known quality for the judges: samples of the toy generator, and renders, damaged or not, which cost next to nothing. A tenth of all carry
/// the caption of another clip, a fifth one that differs in one attribute, and a tenth of the renders stand still, so that disobedience and
/// lack of motion are there to be learned.
/// </summary>
internal sealed class ToyLabelledClips
{
    private const double DamagedShare = 0.6;
    private const double OtherCaptionShare = 0.1;
    private const double ChangedCaptionShare = 0.2;
    private const double StillShare = 0.1;
    private const int ClipsPerFile = 32;
    private const double SecondsPerClip = 0.2;
    private const double SecondsPerStep = 0.1;

    private readonly string _purpose;
    private readonly int _samples;
    private readonly int _renders;
    private readonly long _seed;
    private readonly Stage _autoencoder;
    private readonly Stage _generator;

    /// <param name="purpose">Names the set, in lower case with dashes; another name gives other clips.</param>
    /// <param name="samples">How many samples.</param>
    /// <param name="renders">How many renders.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="autoencoder">The stage that trained the autoencoder.</param>
    /// <param name="generator">The stage that trained the generator.</param>
    public ToyLabelledClips(string purpose, int samples, int renders, long seed, Stage autoencoder, Stage generator)
    {
        (_purpose, _samples, _renders, _seed, _autoencoder, _generator) = (purpose, samples, renders, seed, autoencoder, generator);
        Samples = new Stage(
            $"toy-samples-{purpose}",
            1,
            new JsonObject { ["seed"] = seed, ["samples"] = samples, ["guidance"] = ToyGenerator.Guidance },
            [autoencoder, generator],
            samples * SecondsPerClip,
            MakeSamples);
    }

    /// <summary>Makes the samples; the renders cost next to nothing and are made when they are read.</summary>
    public Stage Samples { get; }

    /// <summary>The stage that trains a judge on these clips.</summary>
    /// <param name="name">Of the stage.</param>
    /// <param name="version">Of its code.</param>
    /// <param name="steps">Optimiser steps.</param>
    /// <param name="before">Other stages that it reads.</param>
    /// <param name="train">Does it.</param>
    public Stage Training(string name, int version, int steps, IReadOnlyList<Stage> before, Action<StageContext> train) => new(
        name,
        version,
        new JsonObject { ["seed"] = _seed, ["steps"] = steps, ["renders"] = _renders },
        [Samples, .. before],
        steps * SecondsPerStep,
        train);

    /// <summary>Renders and samples with the captions they are graded against.</summary>
    public IReadOnlyList<(ToyCaption Caption, VideoClip Clip)> Load(StageContext context)
    {
        using ClipBundle samples = ClipBundle.Load(Directory.GetFiles(context.Input(Samples.Name, ""), "clips-*.safetensors").Order(StringComparer.Ordinal));
        (ToyCaption Caption, VideoClip Clip)[] all =
        [
            .. Enumerable.Range(0, _renders).Select(Render),
            .. samples.Prompts.Zip(samples.Clips, (prompt, clip) => (ToyCaption.Parse(prompt), clip)),
        ];
        RandomStream swaps = new(_seed, _purpose + " other captions");
        return [.. all.Select(item => (Graded(item.Caption), item.Clip))];

        // The caption that the clip is graded against.
        ToyCaption Graded(ToyCaption caption) => swaps.NextDouble() switch
        {
            < OtherCaptionShare => all[swaps.Next(all.Length)].Caption,
            < OtherCaptionShare + ChangedCaptionShare => Changed(caption, swaps),
            _ => caption,
        };
    }

    /// <summary>A caption of the training split that differs in one attribute of one object, or in the background.</summary>
    private static ToyCaption Changed(ToyCaption caption, RandomStream stream)
    {
        while (true)
        {
            int attribute = stream.Next(4);
            int changed = stream.Next(caption.Objects.Count);
            ToyObject[] objects = [.. caption.Objects];
            objects[changed] = attribute switch
            {
                0 => objects[changed] with { Kind = Any<ToyKind>(stream) },
                1 => objects[changed] with { Colour = Any<ToyColour>(stream) },
                2 => objects[changed] with { Direction = Any<ToyDirection>(stream) },
                _ => objects[changed],
            };
            ToyBackground background = attribute == 3 ? Any<ToyBackground>(stream) : caption.Background;
            if (objects.Length == 1 || objects[0].Colour != objects[1].Colour)
            {
                ToyCaption other = new(objects[0], objects.ElementAtOrDefault(1), background);
                if (other != caption && ToyPrompts.SplitOf(other) == ToySplit.Training)
                {
                    return other;
                }
            }
        }
    }

    private static T Any<T>(RandomStream stream)
        where T : struct, Enum
    {
        T[] values = Enum.GetValues<T>();
        return values[stream.Next(values.Length)];
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
        for (int first = 0; first < _samples; first += ClipsPerFile)
        {
            string path = context.PathOf(string.Create(CultureInfo.InvariantCulture, $"clips-{first:00000}.safetensors"));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                RandomStream stream = new(_seed, _purpose + " samples", first);
                string[] prompts = [.. Enumerable.Range(0, Math.Min(ClipsPerFile, _samples - first)).Select(i => captions[i % 2][stream.Next(captions[i % 2].Count)].ToString())];
                GeneratedClips clips = generator.Generate(prompts, [.. prompts.Select(_ => stream.NextInt64())]);
                using ClipBundle bundle = new(clips.Pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond), prompts, prompts, clips.Latents_BCTHW);
                bundle.Save(path);
            }

            context.Report(first + ClipsPerFile, _samples);
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
