using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Measures the trained generator on development prompts: does it obey its captions, and does it make defects of its own? Also draws a contact
/// sheet to look at, one clip a row.
/// </summary>
internal sealed class GeneratorQuality(long seed, int prompts, Stage autoencoder, Stage threshold, Stage generator)
{
    public const string File = "quality.json";
    public const string ContactSheet = "contact-sheet.png";

    private const int ClipsPerReport = 16;
    private const int ClipsShown = 16;
    private const int ColumnsShown = 2;
    private const int Enlargement = 2;
    private const int Gap = 4;
    private const double SecondsPerClip = 0.3;

    public Stage Stage() => new(
        "toy-generator-quality",
        2,
        new JsonObject { ["seed"] = seed, ["prompts"] = prompts, ["guidance"] = ToyGenerator.Guidance },
        [autoencoder, threshold, generator],
        prompts * SecondsPerClip,
        context =>
        {
            using ToyGenerator toy = ToyPretraining.Load(context, autoencoder, generator);
            double severity = JsonFile.Read<DefectThreshold.Threshold>(context.Input(threshold.Name, DefectThreshold.File)).Severity;
            Measure(toy, severity, seed, prompts, context.Folder, done => context.Report(done, prompts));
        });

    /// <summary>What was measured; intervals are over prompts, of which each was sampled once.</summary>
    internal sealed record Quality(
        int Prompts,
        Interval KindObedience,
        Interval ColourObedience,
        Interval DirectionObedience,
        Interval BackgroundObedience,
        Interval ObjectPresence,
        Interval PixelsPerFrame,
        Interval DefectivePatches,
        Interval ClipsWithDefect,
        Obedience OneObject,
        Obedience TwoObjects,
        IReadOnlyList<string> PromptsShown);

    /// <summary>How prompts with so many objects are obeyed.</summary>
    internal sealed record Obedience(Interval Kind, Interval Colour, Interval Direction, Interval ObjectPresence);

    /// <summary>Samples, measures and writes both files.</summary>
    public static Quality Measure(ToyGenerator generator, double threshold, long seed, int count, string folder, Action<int> report)
    {
        IReadOnlyList<ToyCaption>[] captions = [ToyPrompts.Of(ToySplit.Development, 1), ToyPrompts.Of(ToySplit.Development, 2)];
        RandomStream stream = new(seed, "generator quality");
        ToyCaption[] asked = [.. Enumerable.Range(0, count).Select(i => captions[i % 2][stream.Next(captions[i % 2].Count)])];
        List<VideoClip> clips = [];
        while (clips.Count < count)
        {
            using var scope = NewDisposeScope();
            string[] batch = [.. asked.Skip(clips.Count).Take(ClipsPerReport).Select(caption => caption.ToString())];
            Tensor pixels_BCTHW = generator.Generate(batch, [.. batch.Select(_ => stream.NextInt64())]).Pixels_BCTHW;
            clips.AddRange(pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond));
            report(clips.Count);
        }

        OracleMeasures[] measures = [.. clips.Zip(asked, ToyOracle.Measure)];
        double[][] severities = [.. clips.Zip(asked, (clip, caption) => ToyOracle.Assess(clip, caption, DamageProcess.Grid).Severities)];
        int shown = Math.Min(ClipsShown, count);
        Quality quality = new(
            count,
            Mean(measures.Select(item => item.KindObedience)),
            Mean(measures.Select(item => item.ColourObedience)),
            Mean(measures.Select(item => item.DirectionObedience)),
            Mean(measures.Select(item => item.BackgroundObedience)),
            Mean(measures.Select(item => item.ObjectPresence)),
            Mean(measures.Select(item => item.Motion)),
            Mean(severities.Select(cells => cells.Average(cell => cell > threshold ? 1.0 : 0.0))),
            Mean(severities.Select(cells => cells.Max() > threshold ? 1.0 : 0.0)),
            ByObjects(1),
            ByObjects(2),
            [.. asked.Take(shown).Select(caption => caption.ToString())]);
        JsonFile.Write(Path.Combine(folder, File), quality);
        AtomicFile.Write(Path.Combine(folder, ContactSheet), file => file.Write(Sheet([.. clips.Take(shown)])));
        return quality;

        Obedience ByObjects(int objects)
        {
            OracleMeasures[] those = [.. measures.Where((_, i) => asked[i].Objects.Count == objects)];
            return new Obedience(
                Mean(those.Select(item => item.KindObedience)), Mean(those.Select(item => item.ColourObedience)), Mean(those.Select(item => item.DirectionObedience)), Mean(those.Select(item => item.ObjectPresence)));
        }

        Interval Mean(IEnumerable<double> values) => Bootstrap.Run([.. values], sample => sample.Average(), new RandomStream(seed, "generator quality intervals")).Percentile;
    }

    /// <summary>Clips as rows of frames, in columns, on white.</summary>
    private static byte[] Sheet(VideoClip[] clips)
    {
        int rows = (clips.Length + ColumnsShown - 1) / ColumnsShown;
        int size = ToyRenderer.Size * Enlargement;
        int stripWidth = ToyRenderer.Frames * (size + 1);
        int width = (ColumnsShown * stripWidth) + ((ColumnsShown + 1) * Gap);
        int height = (rows * size) + ((rows + 1) * Gap);
        byte[] sheet = new byte[height * width * 3];
        Array.Fill(sheet, byte.MaxValue);
        for (int i = 0; i < clips.Length; i++)
        {
            int top = Gap + (i / ColumnsShown * (size + Gap));
            int left = Gap + (i % ColumnsShown * (stripWidth + Gap));
            for (int frame = 0; frame < ToyRenderer.Frames; frame++)
            {
                ReadOnlySpan<byte> pixels = clips[i].Frame(frame);
                for (int y = 0; y < size; y++)
                {
                    for (int x = 0; x < size; x++)
                    {
                        int source = (((y / Enlargement) * ToyRenderer.Size) + (x / Enlargement)) * 3;
                        pixels.Slice(source, 3).CopyTo(sheet.AsSpan((((top + y) * width) + left + (frame * (size + 1)) + x) * 3));
                    }
                }
            }
        }

        return Apng.EncodeStill(sheet, height, width);
    }
}
