using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Optimisation;
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

    private readonly Dictionary<string, string> _folders = results.ToDictionary(result => result.Name, result => result.Folder);

    /// <summary>Writes <c>report.html</c>.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="background">Numbers behind them.</param>
    public void Write(IReadOnlyList<Claim> claims, ClaimBackground background)
    {
        HtmlPage page = new("HALO on the toy world", $"{settings.Preset}, {seeds.Count} seed{(seeds.Count == 1 ? "" : "s")}");
        page.Add("What this is", Introduction());
        page.Add("Claims", new ClaimsTable([.. claims.Select(claim => claim.ToRow())]).ToHtml(), Note("A claim that needs several comparisons is shown only when every one of them is; the table gives the one that decides, the plots below give all."));
        foreach (Claim claim in claims)
        {
            page.Add($"{claim.Id} in full", [Note(claim.Statement), .. claim.Plots().Select(plot => plot.ToHtml()), .. Behind(claim, background)]);
        }

        page.Add("Before and after", BeforeAndAfter());
        page.Add("Where the defects are", DefectMaps());
        page.Add("The arms", ArmTable());
        page.Add("Training", [.. Training()]);
        page.Add("Pairs", Pairs());
        page.Add("Data", Links(["claims.json", "manifest.json", .. results.Select(result => Relative(Path.Combine(result.Folder, StageManifest.FileName)))]));
        if (Notebooks() is { Length: > 0 } notebooks)
        {
            page.Add("Notebooks", Note("The same run, explained step by step."), Links(notebooks));
        }

        page.Write(Path.Combine(folder, "report.html"));
    }

    private static HtmlFragment Note(string text) => HtmlFragment.Of($"<p>{text}</p>");

    private static HtmlFragment Introduction() => HtmlFragment.Of(
        $"<p>HALO (arXiv 2502.06812) tunes text-to-video models with rewards for patches of a video beside rewards for the whole. This page was made by one command on a toy world of coloured moving shapes, whose truth is known. It tests the instrument, not the paper: we hold the paper's abstract only, and what it leaves open is our reading. Teacher and annotators are <b>simulated</b>.</p>");

    private IEnumerable<HtmlFragment> Behind(Claim claim, ClaimBackground background) => claim.Id switch
    {
        "C1" => [new DataTable(
            [new("agreement with the other annotators"), new("patch reward model", true, "0.000"), new("mean annotator", true, "0.000")],
            [.. background.Agreement.Select(row => (IReadOnlyList<object?>)[row.Measure, row.Model, row.Annotators])]).ToHtml()],
        "C2" => [new LineChart("Agreement against number of labels", "labelled prompts", "pooled Spearman", [.. background.Efficiency.GroupBy(row => row.Arm).Select(arm =>
            new ChartSeries(arm.Key, [.. arm.Select(row => (double)row.LabelledPrompts)], [.. arm.Select(row => row.PooledSpearman)]))]).ToHtml(), LabelRatio(background)],
        _ => [],
    };

    private HtmlFragment LabelRatio(ClaimBackground background)
    {
        string Share(Interval ratio)
        {
            (string estimate, string interval) = DisplayNumber.Estimate(ratio);
            return $"{estimate}{(ratio.IsDefined ? $" (95 % interval over {background.LabelRatioSeeds} seeds {interval})" : " (one seed)")}";
        }

        return background.LabelRatioSeeds == 0
            ? Note("The continued model's agreement does not rise with the number of labels, so it says no number at which it reaches the patch-only model.")
            : Note($"On lines through these points over the logarithm of the number of labels, the continued model reaches the agreement that the patch-only model has with all labels at {Share(background.LabelRatio)} of them; at {Share(background.LabelRatioWithVideo)} with the {background.VideoLabels} labels of whole clips counted that its video reward model learned from before, each like the grade of one patch.{(background.LabelRatioSeeds < seeds.Count ? $" Of the {seeds.Count} seeds only {background.LabelRatioSeeds} have a line that rises, and so such a share." : "")}");
    }

    private HtmlFragment BeforeAndAfter()
    {
        SeedStages seed = seeds[0];
        using ClipBundle before = CandidateStage.Load(_folders[seed.Samples[HaloClaims.Base].Name]);
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

    private HtmlFragment ArmTable() => ArmDisplays.Scores(
        seeds[0].Samples.Keys.Select(arm => (settings.Arms.FirstOrDefault(item => item.Name == arm)?.Title ?? "untuned", (IReadOnlyList<ArmJudgement>)[.. seeds.Select(seed => Judgements(seed, arm))])),
        threshold).ToHtml();

    private IEnumerable<HtmlFragment> Training()
    {
        (string, IReadOnlyList<JsonObject>)[] steps = [.. seeds[0].Tuned.Select(item => (item.Key, TrainingLoop.ReadMetrics(_folders[item.Value.Name])))];
        yield return ArmDisplays.Signal(steps).ToHtml();
        foreach ((string metric, string title) in new[] { ("loss", "Loss"), ("video_accuracy", "Implicit accuracy, whole clips"), ("patch_accuracy", "Implicit accuracy, patches"), ("gradient_norm", "Gradient norm") })
        {
            yield return ArmDisplays.Curves(title, metric, steps).ToHtml();
        }
    }

    private HtmlFragment Pairs()
    {
        CandidatePairs pairs = JsonFile.Read<CandidatePairs>(Path.Combine(_folders[seeds[0].Pairs.Name], PairStage.File));
        string dropped = string.Join(", ", pairs.Dropped.Select(item => $"{item.Key} {item.Value}"));
        return Note(FormattableString.Invariant($"{pairs.Rows.Count} pairs of clips that share their layout, of {pairs.Considered} combinations. Dropped: {(dropped.Length > 0 ? dropped : "none")}."));
    }

    private string[] Notebooks() =>
        Directory.Exists(Path.Combine(folder, ToyReproduction.NotebookFolder)) ? [.. Directory.GetFiles(Path.Combine(folder, ToyReproduction.NotebookFolder), "*.html").Order(StringComparer.Ordinal).Select(Relative)] : [];

    private string Relative(string path) => Path.GetRelativePath(folder, path).Replace('\\', '/');

    private static HtmlFragment Links(IEnumerable<string> paths) => HtmlFragment.Of($"<ul>{paths.Select(path => HtmlFragment.Of($"<li>{HtmlFragment.Link(path)}</li>"))}</ul>");

    private ArmJudgement Judgements(SeedStages seed, string arm) =>
        JsonFile.Read<ArmJudgement>(Path.Combine(_folders[seed.JudgementOf(arm).Name], JudgementStage.File));
}
