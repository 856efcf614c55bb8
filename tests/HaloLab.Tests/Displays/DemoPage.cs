using HaloLab.Displays;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Videos;
using TorchSharp;

namespace HaloLab.Tests.Displays;

/// <summary>A page with every display on made-up data, for the tests and for looking at (HALOLAB_DEMO_PAGE names a file to write it to).</summary>
internal static class DemoPage
{
    public const string Hostile = "<script>alert('x')</script> & \"quoted\"";

    public static readonly LatentLattice Lattice = new(8, 8, 8, 4);

    public static readonly PatchGrid Grid = new(4, 4, 4);

    private static readonly (string Heading, Func<IDisplay> Make)[] All =
    [
        ("Claims", Claims), ("Before and after", Player), ("One over the other", Comparison), ("Real size", TallPlayer), ("Pairs", Pairs), ("One pair without clips", () => new PairCards(Pair("a red circle moves right", 0.2, 0.2, withClips: false))),
        ("Training", Curves), ("Training in small", Training), ("Effects", Forest), ("Rewards", Spread), ("Calibration", Calibration), ("Defects by arm", Arms), ("Ablations", Ablations),
        ("Defect map", Map), ("Fine map", FineMap), ("Files", Table), ("Sortable", Sortable), ("Tensors", Tensors), ("Module", Module),
    ];

    public static IDisplay[] Displays() => [.. All.Select(item => item.Make())];

    public static HtmlPage Build()
    {
        HtmlPage page = new("HaloLab: every display", "Made-up numbers, for looking at.");
        foreach ((string heading, Func<IDisplay> make) in All)
        {
            page.Add(heading, make().ToHtml());
        }

        return page;
    }

    public static ClipPlayer Player()
    {
        PatchHeat before = Heat(phase: 0, missing: true);
        PatchHeat after = Heat(phase: 1, missing: false);
        return new ClipPlayer(
        [
            new PlayerClip("base", Clip(8, 32, 32, damaged: true), "a red circle moves right; video reward 0.31", before),
            new PlayerClip("HALO", Clip(8, 32, 32, damaged: false), "same prompt and noise; video reward 0.74", after),
            new PlayerClip("no heat " + Hostile, Clip(16, 32, 32, damaged: false), Hostile),
        ]);
    }

    public static PatchHeat Heat(int phase, bool missing)
    {
        double[] values = [.. Enumerable.Range(0, Grid.Count).Select(i => Math.Round(0.9 * Math.Sin((i * 1.7) + phase), 3))];
        values[^1] = missing ? double.NaN : values[^1];
        return new PatchHeat(values, Lattice.Edges(Grid), ColourScale.Diverging(0, 1), "patch reward");
    }

    /// <summary>A disc that moves right, over a gradient; damaged clips carry a block of noise for two frames.</summary>
    public static VideoClip Clip(int frames, int height, int width, bool damaged)
    {
        RandomStream noise = new(3, "demo clip");
        byte[] pixels = new byte[frames * height * width * 3];
        for (int frame = 0; frame < frames; frame++)
        {
            double centre = width * (0.2 + (0.6 * frame / frames));
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    Span<byte> pixel = pixels.AsSpan(((((frame * height) + y) * width) + x) * 3, 3);
                    bool inside = Math.Sqrt(Math.Pow(x - centre, 2) + Math.Pow(y - (height * 0.5), 2)) < height * 0.2;
                    (pixel[0], pixel[1], pixel[2]) = inside ? ((byte)214, (byte)48, (byte)52) : ((byte)(70 + (90 * y / height)), (byte)(110 + (60 * y / height)), (byte)150);
                    if (damaged && frame is 2 or 3 && y >= height / 2 && y < height * 3 / 4 && x >= width / 4 && x < width / 2 && damaged)
                    {
                        noise.NextBytes(pixel);
                    }
                }
            }
        }

        return new VideoClip(pixels, frames, height, width, frames);
    }

    public static ClipComparison Comparison() => new(
        new PlayerClip("base", Clip(8, 32, 32, damaged: true), "video reward 0.31", Heat(phase: 0, missing: true)),
        new PlayerClip("HALO", Clip(8, 32, 32, damaged: false), "video reward 0.74", Heat(phase: 1, missing: false)));

    public static PairCards Pairs() => new([.. Enumerable.Range(0, 8).Select(i => Pair($"a red circle moves {(i % 2 == 0 ? "right" : "left")}, take {i}", 0.1 * i, 0.5 - (0.1 * i), withClips: true))])
    { TieVideo = 0.15, Width = 160 };

    public static PairCard Pair(string prompt, double rewardA, double rewardB, bool withClips)
    {
        PatchRewards Patches(int phase) => new(Grid, [.. Heat(phase, missing: true).Values.Select(value => double.IsNaN(value) ? (double?)null : value)]);
        PreferencePair pair = new(prompt, new Candidate("a", rewardA, Patches(0)), new Candidate("b", rewardB, Patches(1)), "demo");
        return withClips ? new PairCard(pair, Clip(8, 32, 32, damaged: true), Clip(8, 32, 32, damaged: false)) : new PairCard(pair);
    }

    public static DataTable Sortable() => new(
        [new TableColumn("arm"), new TableColumn("defects (%)", IsNumber: true), new TableColumn("seed", IsNumber: true, Format: "0")],
        [["HALO", 6.61, 3], ["base", 7.25, 1], ["Diffusion-DPO", double.NaN, 10], ["take, \"two\"", -0.5, 2]])
    { IsSortable = true, CsvName = "arms.csv" };

    private static TrainingCurves Training()
    {
        string file = Path.GetTempFileName();
        File.WriteAllLines(file, Enumerable.Range(0, 60).Select(step => System.Text.Json.JsonSerializer.Serialize(new { step, loss = 0.69 * Math.Exp(-step / 40.0), patch_accuracy = 1 - (0.5 * Math.Exp(-step / 20.0)), gradient_norm = 1 + Math.Sin(step) })));
        TrainingCurves curves = TrainingCurves.Read("Gran-DPO", file, "loss", "patch_accuracy", "gradient_norm");
        File.Delete(file);
        return curves;
    }

    private static ReliabilityDiagram Calibration()
    {
        RandomStream random = new(3, "calibration");
        double[] predicted = [.. Enumerable.Range(0, 600).Select(_ => random.NextDouble())];
        return new ReliabilityDiagram("Reward model against people", predicted, [.. predicted.Select(p => random.NextDouble() < 0.25 + (0.5 * p))]);
    }

    private static AblationTable Ablations() => new(
        "Ablations",
        [new AblationColumn("agreement"), new AblationColumn("defective cells (%)", HigherIsBetter: false), new AblationColumn("VBench total", Format: "0.00")],
        [("HALO", [0.741, 6.6, 81.2]), ("patch only", [0.738, 6.1, 79.9]), ("video only", [0.741, 7.9, 81.6]), ("grid 1×1×1", [0.702, 7.2, null])]);

    private static DisplayRow Tensors()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor waves = torch.outer(torch.linspace(-3, 3, 40).sin(), torch.linspace(0, 6, 60).cos());
        torch.Tensor broken = waves.clone();
        broken[5, 7] = double.NaN;
        broken[6, 7] = double.PositiveInfinity;
        return new DisplayRow(
            new TensorDisplay(waves, "waves"),
            new TensorDisplay(broken, "broken"),
            new TensorDisplay(torch.stack([waves, waves * 2, waves.square(), waves.abs()]).unsqueeze(0), "stack"),
            new TensorDisplay(torch.tensor(new[] { 3L, 1, 4, 1, 5, 9, 2, 6 }), "digits"),
            new TensorDisplay(torch.linspace(0, 9, 300).sin(), "curve"),
            new TensorDisplay(torch.tensor(0.693), "loss"));
    }

    private static ModuleDisplay Module()
    {
        using torch.nn.Module module = torch.nn.Sequential(
            ("embed", torch.nn.Conv3d(3, 8, 3)), ("act", torch.nn.ReLU()), ("block", torch.nn.Sequential(("norm", torch.nn.BatchNorm3d(8)), ("mix", torch.nn.Linear(8, 8)))), ("head", torch.nn.Linear(8, 1)));
        return new ModuleDisplay(module);
    }

    private static ClipPlayer TallPlayer() => new(
        [
            new PlayerClip("video reward model", Clip(49, 120, 213, damaged: true), "49 frames of 120×213, shrunk for the page", new PatchHeat(
                [.. Enumerable.Range(0, 13 * 6 * 5).Select(i => Math.Abs(Math.Sin(i * 0.37)) * 0.2)],
                new LatentLattice(13, 30, 53, 4, 4).Edges(new PatchGrid(13, 6, 5)),
                ColourScale.Sequential(0, 0.2),
                "severity")),
        ],
        width: 384);

    private static ClaimsTable Claims() => new(
    [
        new("C1", "The patch reward model agrees with human annotation as well as annotators agree with each other.", "same-place accuracy minus leave-one-out, per clip", new Interval(0.012, -0.021, 0.044, 0.95), new ClaimRule(-0.05, ClaimDirection.Above), 96, Verdict.Shown),
        new("C3", "HALO beats the baselines under both evaluation methods.", "difference of mean score, per seed", new Interval(0.031, -0.004, 0.066, 0.95), new ClaimRule(0, ClaimDirection.Above), 5, Verdict.NotShown, "smallest effect this run could have shown: 0.04"),
        new("C5", "HALO reduces patch defects.", "difference of defective cells, per prompt", new Interval(-0.0181, -0.026, -0.0095, 0.95), new ClaimRule(0, ClaimDirection.Below), 128, Verdict.Shown, "given these trained models"),
        new("C5b", "… more than video-only DPO does.", "difference of defective cells, per prompt", new Interval(0.014, 0.003, 0.025, 0.95), new ClaimRule(0, ClaimDirection.Below), 128, Verdict.Contradicted),
        new("C2", "Distilling into the trained reward model needs fewer labels. " + Hostile, "difference of agreement, per seed", null, new ClaimRule(0, ClaimDirection.Above), null, Verdict.NotRun),
    ]);

    private static LineChart Curves()
    {
        RandomStream noise = new(3, "curves");
        double[] x = [.. Enumerable.Range(0, 120).Select(i => (double)i)];
        double[] gran = [.. x.Select(step => (0.55 * Math.Exp(-step / 45)) + 0.14 + (0.02 * noise.NextGaussian()))];
        double[] video = [.. x.Select(step => (0.45 * Math.Exp(-step / 70)) + 0.24 + (0.02 * noise.NextGaussian()))];
        return new LineChart("Loss", "step", "loss", [
            new ChartSeries("Gran-DPO", x, gran, [.. gran.Select(y => y - 0.05)], [.. gran.Select(y => y + 0.05)]),
            new ChartSeries("Diffusion-DPO", x, video, [.. video.Select(y => y - 0.04)], [.. video.Select(y => y + 0.04)]),
        ])
        { Reference = Math.Log(2), ReferenceLabel = "ln 2: the start" };
    }

    private static ForestPlot Forest() => new("Defective cells against the base", "difference in percentage points", [
        new ForestRow("Gran-DPO", new Interval(-1.81, -2.6, -0.95, 0.95), Verdict.Shown),
        new ForestRow("Diffusion-DPO", new Interval(1.2, 0.4, 2.1, 0.95), Verdict.Contradicted),
        new ForestRow("patch-mean DPO", new Interval(-0.6, -1.2, 0.1, 0.95), Verdict.NotShown),
        new ForestRow("SFT on preferred", null, Verdict.NotRun),
    ]);

    private static Histogram Spread()
    {
        RandomStream random = new(3, "histogram");
        double[] Sample(double mean) => [.. Enumerable.Range(0, 800).Select(_ => mean + (0.35 * random.NextGaussian()))];
        return new Histogram("Patch rewards", "reward", [("base", Sample(0.1)), ("HALO", Sample(0.5))]) { Threshold = -0.4 };
    }

    private static BarChart Arms() => new("Defective cells", "share (%)", ["base", "Diffusion-DPO", "HALO"], [("above 0.02", [7.2, 7.6, 6.6]), ("above 0.04", [3.6, 3.1, 3.2])]);

    private static HeatTable Map() => new("share of clips defective", Grid, [.. Enumerable.Range(0, Grid.Count).Select(i => i == 5 ? double.NaN : 0.12 * Math.Pow(Math.Sin(i), 2))], ColourScale.Sequential(0, 0.12), "0.0 %");

    private static HeatTable FineMap() => new("difference in reward", new PatchGrid(2, 12, 20), [.. Enumerable.Range(0, 480).Select(i => Math.Sin(i / 9.0))], ColourScale.Diverging(0, 1));

    private static DataTable Table() => new(
        [new TableColumn("file"), new TableColumn("what"), new TableColumn("rows", IsNumber: true, Format: "#,0")],
        [[HtmlFragment.Link("data/claims 1.json"), "claims", 6], [HtmlFragment.Link("pairs.jsonl"), Hostile, 12841], [null, "missing", null]]);
}
