using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The page that a reproduction ends with. It reads finished stages and computes nothing that a claim depends on.</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seeds">Its stages by seed.</param>
/// <param name="results">Its finished stages.</param>
/// <param name="threshold">Severity above which a patch is defective.</param>
/// <param name="folder">Where the page goes; links are relative to it.</param>
internal sealed class ReproductionReport(ReproductionSettings settings, IReadOnlyList<SeedStages> seeds, IReadOnlyList<StageResult> results, double threshold, string folder)
{
    private const int PromptsShown = 6;
    private const int SmoothedSteps = 10;

    private readonly Dictionary<string, string> _folders = results.ToDictionary(result => result.Name, result => result.Folder);

    /// <summary>Writes <c>report.html</c>.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="background">Numbers behind them.</param>
    public void Write(IReadOnlyList<Claim> claims, ClaimBackground background)
    {
        HtmlPage page = new("HALO on the toy world", $"{settings.Preset}, {seeds.Count} seed{(seeds.Count == 1 ? "" : "s")}");
        page.Add("What this is", Introduction());
        page.Add("Claims", new ClaimsTable([.. claims.Select(Row)]).ToHtml(), Note("A claim that needs several comparisons is shown only when every one of them is; the table gives the one that decides, the plots below give all."));
        foreach (Claim claim in claims)
        {
            page.Add($"{claim.Id} in full", [Note(claim.Statement), Comparisons(claim), .. Behind(claim, background)]);
        }

        page.Add("Before and after", BeforeAndAfter());
        page.Add("Where the defects are", DefectMaps());
        page.Add("The arms", ArmTable());
        page.Add("Training", [Terms(), .. Curves()]);
        page.Add("Pairs", Pairs());
        page.Add("Data", Links());
        page.Write(Path.Combine(folder, "report.html"));
    }

    private static HtmlFragment Note(string text) => HtmlFragment.Of($"<p>{text}</p>");

    private static HtmlFragment Introduction() => HtmlFragment.Of(
        $"<p>HALO (arXiv 2502.06812) tunes text-to-video models with rewards for patches of a video beside rewards for the whole. This page was made by one command on a toy world of coloured moving shapes, whose truth is known. It tests the instrument, not the paper: we hold the paper's abstract only, and what it leaves open is our reading. Teacher and annotators are <b>simulated</b>.</p>");

    private static ClaimRow Row(Claim claim) => new(
        claim.Id,
        claim.Statement,
        claim.Measure,
        new Interval(claim.Estimate, claim.CiLow, claim.CiHigh, claim.Level),
        new ClaimRule(claim.Threshold, claim.Comparisons.First(comparison => comparison.Measure == claim.Measure).Direction),
        claim.N,
        claim.Verdict,
        string.Create(CultureInfo.InvariantCulture, $"resampled by {claim.Unit}; smallest detectable difference {claim.Mde:g2}"));

    // A comparison's measure reads "what is measured: which difference".
    private static HtmlFragment Comparisons(Claim claim) => HtmlFragment.Concat(claim.Comparisons.GroupBy(comparison => (comparison.Threshold, Measured: comparison.Measure.Split(": ")[0])).Select(group =>
        new ForestPlot(
            group.Key.Measured,
            "difference",
            [.. group.Select(comparison => new ForestRow(comparison.Measure.Split(": ")[^1], new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level), comparison.Verdict))],
            group.Key.Threshold).ToHtml()));

    private static IEnumerable<HtmlFragment> Behind(Claim claim, ClaimBackground background) => claim.Id switch
    {
        "C1" => [new DataTable(
            [new("agreement with the other annotators"), new("patch reward model", true, "0.000"), new("mean annotator", true, "0.000")],
            [.. background.Agreement.Select(row => (IReadOnlyList<object?>)[row.Measure, row.Model, row.Annotators])]).ToHtml()],
        "C2" => [new LineChart("Agreement against number of labels", "labelled prompts", "pooled Spearman", [.. background.Efficiency.GroupBy(row => row.Arm).Select(arm =>
            new ChartSeries(arm.Key, [.. arm.Select(row => (double)row.LabelledPrompts)], [.. arm.Select(row => row.PooledSpearman)]))]).ToHtml()],
        _ => [],
    };

    private HtmlFragment BeforeAndAfter()
    {
        SeedStages seed = seeds[0];
        using ClipBundle before = CandidateStage.Load(_folders[seed.Samples["base"].Name]);
        using ClipBundle after = CandidateStage.Load(_folders[seed.Samples["halo"].Name]);
        using RewardModel model = RewardModel.Load(Path.Combine(_folders[seed.FinalModel.Name], RewardStage.ModelFile));
        ToyTokenizer tokenizer = new();
        LatticeEdges edges = ToyGenerator.Lattice.Edges(settings.Grid);
        int[] shown = [.. Enumerable.Range(0, Math.Min(PromptsShown, settings.ReportingPrompts)).Select(i => i * settings.SamplesPerPrompt)];
        double[][] Patches(ClipBundle bundle)
        {
            using ClipRewards rewards = model.Score([.. shown.Select(i => bundle.Clips[i])], [.. shown.Select(i => tokenizer.Encode(bundle.Prompts[i]))], edges);
            return rewards.PatchRewards();
        }

        (double[][] ofBefore, double[][] ofAfter) = (Patches(before), Patches(after));
        ColourScale scale = ColourScale.Below(ofBefore.Concat(ofAfter).SelectMany(values => values), GradeScale.OneToFive.Best);
        List<PlayerClip> clips = [];
        for (int i = 0; i < shown.Length; i++)
        {
            clips.Add(new PlayerClip("before", before.Clips[shown[i]], before.Prompts[shown[i]], new PatchHeat(ofBefore[i], edges, scale, "patch reward")));
            clips.Add(new PlayerClip("after (HALO)", after.Clips[shown[i]], after.Prompts[shown[i]], new PatchHeat(ofAfter[i], edges, scale, "patch reward")));
        }

        return HtmlFragment.Concat([
            Note($"The first {shown.Length} judged prompts, not chosen: the untuned generator and HALO from the same noise. The colours say how far the patch reward model's rewards lie below the best grade."),
            new ClipPlayer(clips).ToHtml(),
        ]);
    }

    private HtmlFragment DefectMaps()
    {
        List<HtmlFragment> maps = [Note(string.Create(CultureInfo.InvariantCulture, $"Share of samples whose patch is defective (oracle severity above {threshold:g3}), by place and time."))];
        (string Arm, double[] Shares)[] shares = [.. seeds[0].Samples.Keys.Select(arm => (arm, Shares(arm)))];
        ColourScale scale = ColourScale.Sequential(0, Math.Max(1e-6, shares.Max(item => item.Shares.Max())));
        maps.AddRange(shares.Select(item => new HeatTable(item.Arm, settings.Grid, item.Shares, scale, "0 %").ToHtml()));
        return HtmlFragment.Concat(maps);

        double[] Shares(string arm)
        {
            double[][] severities = [.. seeds.SelectMany(seed => Judgements(seed, arm).Rows).Select(row => row.Severities)];
            return [.. Enumerable.Range(0, settings.Grid.Count).Select(cell => severities.Average(row => row[cell] > threshold ? 1.0 : 0.0))];
        }
    }

    private HtmlFragment ArmTable()
    {
        TableColumn[] columns =
        [
            new("arm"), new("defective patches", true, "0.00 %"), new("clips with a defect", true, "0 %"), new("oracle score", true, "0.000"), new("learned scorer", true, "0.000"),
            new("kind", true, "0.00"), new("colour", true, "0.00"), new("direction", true, "0.00"), new("background", true, "0.00"), new("presence", true, "0.00"), new("motion", true, "0.00"), new("diversity", true, "0.000"),
        ];
        return new DataTable(columns, [.. seeds[0].Samples.Keys.Select(arm =>
        {
            JudgementStage.Judgements[] judgements = [.. seeds.Select(seed => Judgements(seed, arm))];
            JudgementStage.Row[] rows = [.. judgements.SelectMany(item => item.Rows)];
            return (IReadOnlyList<object?>)[
                settings.Arms.FirstOrDefault(item => item.Name == arm)?.Title ?? "untuned",
                rows.Average(row => row.DefectShare(threshold)),
                rows.Average(row => row.Severities.Max() > threshold ? 1.0 : 0.0),
                rows.Average(Evidence.OracleScore),
                rows.Average(Evidence.LearnedScore),
                rows.Average(row => row.Measures.KindObedience),
                rows.Average(row => row.Measures.ColourObedience),
                rows.Average(row => row.Measures.DirectionObedience),
                rows.Average(row => row.Measures.BackgroundObedience),
                rows.Average(row => row.Measures.ObjectPresence),
                rows.Average(row => row.Measures.Motion),
                judgements.Average(item => item.DiversityOfPrompt.Average()),
            ];
        })]).ToHtml();
    }

    /// <summary>How much each arm had to learn from: an arm with hardly an untied patch is its video term alone.</summary>
    private HtmlFragment Terms() => new DataTable(
        [new("arm"), new("untied pairs a step", true, "0.0"), new("untied patches a step", true, "0.0"), new("saturated pairs", true, "0 %"), new("saturated patches", true, "0 %")],
        [.. seeds[0].Tuned.Select(item => (IReadOnlyList<object?>)[item.Key, .. new[] { "untied_pairs", "untied_patches", "video_saturated", "patch_saturated" }.Select(name =>
            Metric(item.Value, name) is { Length: > 0 } values ? (object?)values.Average() : null)])]).ToHtml();

    private IEnumerable<HtmlFragment> Curves()
    {
        foreach ((string metric, string title) in new[] { ("loss", "Loss"), ("video_accuracy", "Implicit accuracy, whole clips"), ("patch_accuracy", "Implicit accuracy, patches"), ("gradient_norm", "Gradient norm") })
        {
            List<ChartSeries> series = [];
            foreach ((string arm, Stage tuned) in seeds[0].Tuned)
            {
                double[] values = Metric(tuned, metric);
                if (values.Length > 0)
                {
                    double[] smooth = [.. values.Select((_, i) => values.Skip(Math.Max(0, i - SmoothedSteps + 1)).Take(Math.Min(i + 1, SmoothedSteps)).Average())];
                    series.Add(new ChartSeries(arm, [.. smooth.Select((_, i) => (double)i)], smooth));
                }
            }

            if (series.Count > 0)
            {
                yield return new LineChart(title, "step", $"mean of {SmoothedSteps} steps", series).ToHtml();
            }
        }
    }

    private HtmlFragment Pairs()
    {
        PairStage.Pairs pairs = JsonFile.Read<PairStage.Pairs>(Path.Combine(_folders[seeds[0].Pairs.Name], PairStage.File));
        string dropped = string.Join(", ", pairs.Dropped.Select(item => $"{item.Key} {item.Value}"));
        return Note(FormattableString.Invariant($"{pairs.Rows.Count} pairs of clips that share their layout, of {pairs.Considered} combinations. Dropped: {(dropped.Length > 0 ? dropped : "none")}."));
    }

    private HtmlFragment Links() => HtmlFragment.Of(
        $"<ul>{new[] { "claims.json", "manifest.json" }.Concat(results.Select(result => Path.GetRelativePath(folder, result.Folder).Replace('\\', '/') + "/" + StageManifest.FileName)).Select(path => HtmlFragment.Of($"<li>{HtmlFragment.Link(path)}</li>"))}</ul>");

    private JudgementStage.Judgements Judgements(SeedStages seed, string arm) =>
        JsonFile.Read<JudgementStage.Judgements>(Path.Combine(_folders[seed.JudgementOf(arm).Name], JudgementStage.File));

    private double[] Metric(Stage stage, string name) =>
    [
        .. File.ReadLines(Path.Combine(_folders[stage.Name], "metrics.jsonl"))
            .Select(line => JsonNode.Parse(line)![name])
            .Where(value => value is not null)
            .Select(value => value!.GetValue<double>()),
    ];
}
