using System.Globalization;
using HaloLab.Distillation;
using HaloLab.Evaluation;
using HaloLab.Statistics;
using HaloLab.TeacherEndpoint;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// The views of a chat teacher beside each other: what each costs, and how well the grades of local defects follow the severities that the oracle finds in the clips
/// themselves. The simulated endpoint looks at the whole frames that it is sent and takes a frame that it is not shown for the nearest one that it is; it does
/// not look at crops, so what crops would add for a real model is not in these numbers.
/// </summary>
internal static class TeacherViews
{
    private static readonly PatchGrid Grid = new(4, 4, 4);

    private static readonly (string Name, TeacherView View)[] Views =
    [
        ("crops, 8 frames", new TeacherView()),
        ("crops, 4 frames", new TeacherView { ContextFrames = 4 }),
        ("crops, 2 frames", new TeacherView { ContextFrames = 2 }),
        ("overlay", new TeacherView { Patches = PatchView.Overlay }),
    ];

    public static async Task RunAsync(int count)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-views").FullName;
        try
        {
            ToyCaption[] captions = [.. ToyPrompts.Of(ToySplit.Development, objects: 1), .. ToyPrompts.Of(ToySplit.Development, objects: 2)];
            (ToyCaption Caption, VideoClip Clip)[] clips = [.. Enumerable.Range(0, count).Select(i => Damaged(captions[i * captions.Length / count], i))];
            double[][] reference = [.. clips.Select(item => OracleVerdict.Of(item.Clip, item.Caption, Grid).Patches.Severities.Select(severity => -severity).ToArray())];
            int[] prompts = [.. Enumerable.Range(0, clips.Length)];
            await using SimulatedEndpoint endpoint = await SimulatedEndpoint.StartAsync(new SimulatedEndpointOptions { Key = "benchmark" }, CancellationToken.None);
            await using RequestLedger ledger = RequestLedger.Open(Path.Combine(folder, LabelRun.LedgerFile), 1000m);
            PromptStatistic? first = null;
            Console.WriteLine($"{clips.Length} damaged clips, {Grid} patches; pooled Spearman of grades and severities, difference to the first view; 95 % intervals over clips");
            foreach ((string name, TeacherView view) in Views)
            {
                using ChatTeacher teacher = new(
                    new ChatTeacherOptions
                    {
                        Api = ChatApi.OpenAi,
                        Endpoint = new Uri(endpoint.Address, "/v1"),
                        Model = "simulated",
                        Key = "benchmark",
                        Price = PriceTable.Shipped().Of("simulated"),
                        Budget = 1000m,
                        RepeatShare = 0,
                        DuplicateShare = 0,
                        View = view,
                    },
                    ledger);
                RequestEstimate cost = RequestEstimate.None;
                double[][] grades = new double[clips.Length][];
                for (int i = 0; i < clips.Length; i++)
                {
                    string prompt = clips[i].Caption.ToString();
                    cost += (await teacher.EstimateAsync(clips[i].Clip, prompt, Grid)).Outstanding;
                    grades[i] = [.. Enumerable.Repeat(double.NaN, Grid.Count)];
                    foreach (TeacherLabel label in (await teacher.GradeAsync(clips[i].Clip, prompt, Grid, CancellationToken.None)).Labels.Where(label => label.Dimension == GradeDimension.LocalDefect))
                    {
                        grades[i][label.Cell] = label.Value ?? double.NaN;
                    }
                }

                PromptStatistic agreement = HumanAgreement.PooledSpearman(grades, reference, prompts);
                string difference = first is null ? "" : $"; {Text(agreement.Minus(first))}";
                Console.WriteLine(FormattableString.Invariant($"{name,-16} {cost.Requests / clips.Length} requests, {cost.InputTokens / clips.Length} tokens in, {cost.OutputTokens / clips.Length} out a clip: {Text(agreement)}{difference}"));
                first ??= agreement;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (ToyCaption Caption, VideoClip Clip) Damaged(ToyCaption caption, int index)
    {
        RandomStream stream = new(1, "views", index);
        return (caption, new DamageProcess(probability: 1).Apply(ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, stream)), stream).Clip);
    }

    private static string Text(PromptStatistic statistic)
    {
        Interval interval = statistic.Bootstrap(new RandomStream(1, "views")).Bca;
        return string.Create(CultureInfo.InvariantCulture, $"{interval.Estimate:0.000} ({interval.Low:0.000} to {interval.High:0.000})");
    }
}
