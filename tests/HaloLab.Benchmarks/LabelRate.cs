using System.Diagnostics;
using HaloLab.Distillation;
using HaloLab.Statistics;
using HaloLab.TeacherEndpoint;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// Requests a second that the chat teacher sustains, ledger flushed to the disk before and after each: against the simulated endpoint with 300 ms of latency,
/// no faults, 16 in flight, where nothing could do more than 16 / 0.3 s = 53. Client and endpoint share the machine.
/// </summary>
internal static class LabelRate
{
    private const double Limit = 40;
    private const int InFlight = 16;
    private const int RequestsPerClip = 32;

    public static async Task<bool> RunAsync(int rounds)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-rate").FullName;
        try
        {
            const string Key = "benchmark";
            await using SimulatedEndpoint endpoint = await SimulatedEndpoint.StartAsync(new SimulatedEndpointOptions { Key = Key, Latency = TimeSpan.FromSeconds(0.3) }, CancellationToken.None);
            await using RequestLedger ledger = RequestLedger.Open(Path.Combine(folder, LabelRun.LedgerFile), 1000m);
            using ChatTeacher teacher = new(
                new ChatTeacherOptions
                {
                    Api = ChatApi.OpenAi,
                    Endpoint = new Uri(endpoint.Address, "/v1"),
                    Model = "simulated",
                    Key = Key,
                    Price = PriceTable.Shipped().Of("simulated"),
                    Budget = 1000m,
                    InFlight = InFlight,
                    RepeatShare = 0,
                    DuplicateShare = 0,
                    View = new TeacherView { PatchesPerRequest = 2 },
                },
                ledger);
            ToyCaption[] captions = [.. ToyCaption.All().Take(1 + Math.Max(1, rounds * InFlight / RequestsPerClip))];
            VideoClip[] clips = [.. captions.Select((caption, i) => ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, new RandomStream(1, "benchmark layout", i))))];

            // The first clip warms both sides up.
            await teacher.GradeAsync(clips[0], captions[0].ToString(), new PatchGrid(4, 4, 4), CancellationToken.None);
            Stopwatch watch = Stopwatch.StartNew();
            await Parallel.ForEachAsync(
                Enumerable.Range(1, clips.Length - 1),
                new ParallelOptions { MaxDegreeOfParallelism = InFlight },
                async (i, _) => await teacher.GradeAsync(clips[i], captions[i].ToString(), new PatchGrid(4, 4, 4), CancellationToken.None));
            int requests = (clips.Length - 1) * RequestsPerClip;
            double rate = requests / watch.Elapsed.TotalSeconds;
            Console.WriteLine($"labelling: {requests} requests in {watch.Elapsed.TotalSeconds:f1} s: {rate:f1} a second (limit {Limit}, ceiling 53.3)");
            return rate >= Limit;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
