using System.Diagnostics;
using System.Globalization;
using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// A label store of a million labels: how long their import takes from a file of JSON Lines, how large the store is, how long indexed queries take. Limits are
/// those that were set for it: 60 s, 50 ms.
/// </summary>
internal static class LabelStoring
{
    private const int Labels = 1_000_000;
    private const int PatchesPerClip = 64;
    private const double ImportLimit = 60;
    private const double QueryLimit = 0.050;
    private const long MemoryLimit = 1L << 30;

    private static readonly string[] Dimensions = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency", "local defect"];

    public static bool Run(int rounds)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-benchmark-labels").FullName;
        try
        {
            string file = Path.Combine(folder, "labels.jsonl");
            WriteLines(file);
            using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(folder, "labels.sqlite"));
            LabelTableFormat format = new();
            ClipNames clips = ClipNames.ByContent();
            using Process process = Process.GetCurrentProcess();
            TimeSpan before = process.TotalProcessorTime;
            Stopwatch watch = Stopwatch.StartNew();
            ImportReport report = LabelImport.Validate(file, format, clips);
            double checkedAfter = watch.Elapsed.TotalSeconds;
            LabelImport.Write(report, format, clips, store);
            double seconds = watch.Elapsed.TotalSeconds;
            process.Refresh();
            long memory = process.PeakWorkingSet64;
            bool isKept = Say($"import of {Labels:#,0} labels", seconds, ImportLimit, "s")
                & Say("peak memory of the process", memory / (double)(1 << 20), MemoryLimit / (double)(1 << 20), "MiB");
            Console.WriteLine(FormattableString.Invariant($"  {checkedAfter:f1} s of it to check the file of {new FileInfo(file).Length / 1e6:f0} MB; processor time of both {(process.TotalProcessorTime - before).TotalSeconds:f1} s"));
            Console.WriteLine(FormattableString.Invariant($"  the store has {new FileInfo(store.Path).Length / 1e6:f0} MB, {new FileInfo(store.Path).Length / (double)Labels:f0} bytes a label"));
            return isKept & Queries(store, rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Queries(LabelStore store, int rounds)
    {
        string clip = ClipOf(1234);
        PatchGrid grid = new(4, 4, 4);
        return Time("labels of a clip", rounds, () => store.Read(new LabelQuery { Clip = clip }).Count())
            & Time("labels of a clip in a dimension", rounds, () => store.Read(new LabelQuery { Clip = clip, Dimension = Dimensions[2] }).Count())
            & Time("labels of a clip by an annotator on a grid", rounds, () => store.Read(new LabelQuery { Clip = clip, Annotator = "gpt-4o-2024-08-06", Grid = grid }).Count())
            & Time("the first 100 labels of a dimension", rounds, () => store.Read(new LabelQuery { Dimension = Dimensions[2] }).Take(100).Count())
            & Time("the first 100 labels of an annotator", rounds, () => store.Read(new LabelQuery { Annotator = "ann 3" }).Take(100).Count())
            & Time("number of labels of a dimension", rounds, () => (int)store.Count(new LabelQuery { Dimension = Dimensions[2] }))
            & Time("number of labels of an annotator", rounds, () => (int)store.Count(new LabelQuery { Annotator = "ann 3" }))
            & Time("number of labels of an annotator in a dimension", rounds, () => (int)store.Count(new LabelQuery { Annotator = "gpt-4o-2024-08-06", Dimension = Dimensions[5] }))
            & Time("number of labels", rounds, () => (int)store.Count(LabelQuery.All));
    }

    private static bool Time(string name, int rounds, Func<int> query)
    {
        int found = query();
        double[] seconds = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            query();
            seconds[i] = watch.Elapsed.TotalSeconds;
        }

        Array.Sort(seconds);
        return Say($"{name} ({found:#,0}), median of {rounds}", seconds[rounds / 2] * 1e3, QueryLimit * 1e3, "ms");
    }

    private static bool Say(string name, double value, double limit, string unit)
    {
        bool isKept = value <= limit;
        Console.WriteLine(FormattableString.Invariant($"{name}: {value:f1} {unit}; limit {limit:f0} {unit}: {(isKept ? "kept" : "EXCEEDED")}"));
        return isKept;
    }

    private static string ClipOf(int i) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i)));

    /// <summary>As a teacher's labels are: every patch of a clip in six dimensions, a response for every four patches.</summary>
    private static void WriteLines(string path)
    {
        using StreamWriter writer = new(path);
        for (int i = 0; i < Labels; i++)
        {
            int perClip = PatchesPerClip * Dimensions.Length;
            (int clip, int patch, int dimension) = (i / perClip, i / Dimensions.Length % PatchesPerClip, i % Dimensions.Length);
            string annotator = clip % 8 == 0 ? $"\"ann {clip / 8 % 5}\",\"annotator_kind\":\"human\"" : "\"gpt-4o-2024-08-06\",\"annotator_kind\":\"model\"";
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"clip\":\"{ClipOf(clip)}\",\"prompt\":\"prompt number {clip / 4} of a cat that walks on a wall\",\"grid\":\"4x4x4\",\"cell\":{patch},\"dimension\":\"{Dimensions[dimension]}\",\"value\":{1 + ((i * 7) % 5)},\"scale_worst\":1,\"scale_best\":5,\"scale_whole\":true,\"confidence\":0.{1 + (i % 9)},\"annotator\":{annotator},\"answered_at\":\"2026-01-31T12:00:00.000000Z\",\"template_hash\":\"{ClipOf(-1)}\",\"response_id\":\"chatcmpl-{clip:x8}-{patch / 4}\"}}"));
        }
    }
}
