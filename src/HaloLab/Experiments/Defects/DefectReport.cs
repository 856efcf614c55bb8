using System.Globalization;
using HaloLab.Displays;
using HaloLab.Evaluation.Defects;
using HaloLab.Rewards.Patches;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Experiments.Defects;

/// <summary>
/// Patch defects of one model's clips, and of another's beside them (claims C4 and C5), as text, <c>defects.json</c>, <c>defects.csv</c>, <c>clips.csv</c> and a page. docs/defects.md says what each number
/// is.
/// </summary>
public sealed class DefectReport
{
    private const double Level = 0.05;
    private const int ShownClips = 6;

    // 2 / 2⁶ is the smallest p below one in twenty that flipping signs can give.
    private const int LeastPrompts = 6;

    private readonly PatchVerdicts _patches;
    private readonly string _videoJudge;
    private readonly DefectLevel _level;
    private readonly PatchScoring _scoring;
    private readonly JudgedModel[] _models;
    private readonly DefectSample[] _samples;
    private readonly DefectFindings[] _findings;
    private readonly IReadOnlyList<DefectFinding>[] _found;

    /// <param name="patches">Who judged the patches.</param>
    /// <param name="videoJudge">Who judged the clips as a whole, in words.</param>
    /// <param name="level">Below which a patch is defective.</param>
    /// <param name="scoring">Where the patches lie in a clip.</param>
    /// <param name="first">The model's clips.</param>
    /// <param name="second">Clips of a model that is held against it; null: none.</param>
    /// <param name="effect">A difference of the share of defective patches that the power analysis is made for; NaN: none.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <exception cref="InputException">The models share no prompt.</exception>
    public DefectReport(PatchVerdicts patches, string videoJudge, DefectLevel level, PatchScoring scoring, JudgedModel first, JudgedModel? second, double effect, long seed)
    {
        ArgumentNullException.ThrowIfNull(patches);
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(first);
        (_patches, _videoJudge, _level, _scoring) = (patches, videoJudge, level, scoring);
        _models = second is null ? [first] : [first, second];
        _samples = [.. _models.Select(model => new DefectSample(model.Clips, level.Value))];
        Comparison = second is null ? null : new DefectComparison(_samples[0], _samples[1], effect, seed);
        _findings = [.. _samples.Select(sample => new DefectFindings(sample, seed))];
        _found = [.. _findings.Select(findings => findings.All())];
    }

    /// <summary>The second model against the first; null where there is one model.</summary>
    public DefectComparison? Comparison { get; }

    /// <summary>The files that do not count, and why.</summary>
    public IReadOnlyList<(string Model, string File, string Reason)> Missing => [.. _models.SelectMany(model => model.Missing.Select(row => (model.Model, row.File, row.Reason)))];

    /// <summary>What a reader must know before trusting a number, a sentence each.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. _models.Zip(_samples).SelectMany(item => Warn(item.First.Model, item.Second)),
        .. Comparison is { } comparison && comparison.Prompts.Count < LeastPrompts
            ? [string.Create(CultureInfo.InvariantCulture, $"The models share {comparison.Prompts.Count} prompts; below {LeastPrompts} no difference can be significant.")] : Array.Empty<string>(),
    ];

    /// <summary>What was asked, for a terminal.</summary>
    public string Protocol() => string.Create(
        CultureInfo.InvariantCulture,
        $"Patches of {_patches.Grid}, judged by {_patches.Judge}; defective below {_level.Value:0.####} ({_level.Origin}{Fit()}). Video score: {_videoJudge}.");

    /// <summary>The findings as a table.</summary>
    /// <param name="withPlaces">Whether each place has a line.</param>
    public DataTable Table(bool withPlaces = false) => new(
        [new("model"), new("of"), new("finding"), new("estimate"), new("95 % interval"), new("at random"), new("p (Holm)", true, "0.0000"), new("prompts", true, "0")],
        [.. Rows().Where(row => withPlaces || row.Finding.Group != "place").Select(row =>
        {
            (string estimate, string interval) = DisplayNumber.Estimate(row.Finding.Value);
            return (IReadOnlyList<object?>)[row.Model, row.Finding.Group, row.Finding.Name, estimate, interval, Number(row.Finding.AtRandom), Number(row.Finding.Holm), row.Finding.Prompts];
        })]);

    /// <summary>The differences as a table; null where there is one model.</summary>
    /// <param name="withPlaces">Whether each place has a line.</param>
    public DataTable? Differences(bool withPlaces = false) => Comparison is not { } comparison ? null : new(
        [new("of"), new("share of"), new(_models[0].Model, true), new(_models[1].Model, true), new("difference"), new("95 % interval"), new("p", true, "0.0000"), new("p (Holm)", true, "0.0000"), new("prompts", true, "0")],
        [.. comparison.Differences.Where(row => withPlaces || row.Group != "place").Select(row =>
        {
            (string estimate, string interval) = DisplayNumber.Estimate(row.Difference.Mean);
            return (IReadOnlyList<object?>)[row.Group, row.Name, row.First, row.Second, estimate, interval, Number(row.Difference.PValue), Number(row.Holm), row.Difference.Count];
        })]);

    /// <summary>How many prompts a comparison needs; null where there is one model.</summary>
    public DataTable? PowerTable() => Comparison is not { } comparison ? null : new(
        [new("effect"), new("difference of the share", true), new("prompts needed", true, "#,0")],
        [.. comparison.PowerAnalysis().Select(row => (IReadOnlyList<object?>)[row.Effect, row.Difference, row.Prompts])]);

    /// <summary>The share of clips that are defective at each place and time, of each model.</summary>
    public IReadOnlyList<HeatTable> Maps()
    {
        double[][] maps = [.. _samples.Select(sample => sample.Map())];
        ColourScale scale = ColourScale.Sequential(0, Math.Max(1e-6, maps.SelectMany(map => map).Where(double.IsFinite).DefaultIfEmpty(0).Max()));
        return [.. maps.Select((map, m) => new HeatTable($"{_models[m].Model}: share of clips defective there", _patches.Grid, map, scale, "0 %"))];
    }

    /// <summary>Writes the four files.</summary>
    /// <returns>The page.</returns>
    /// <exception cref="InputException">The folder cannot be written, or a clip can no longer be read.</exception>
    public async Task<string> WriteAsync(string folder, CancellationToken cancellation)
    {
        JsonFile.Write(Path.Combine(folder, "defects.json"), new
        {
            Judge = _patches.Judge,
            Grid = _patches.Grid.ToString(),
            Level = _level,
            VideoScore = _videoJudge,
            Models = _models.Select((model, m) => new
            {
                Name = model.Model,
                Clips = model.Clips.Count,
                Prompts = _samples[m].Prompts.Count,
                TopHalf = _samples[m].InTopHalf.Count(isIn => isIn),
                Findings = _found[m],
                Map = _samples[m].Map(),
                Sizes = _findings[m].SizeTable().Select(row => new { row.Patches, row.Defects, row.ShareOfDefects, row.ShareOfPatches }),
            }),
            Comparison = Comparison is not { } comparison ? null : new
            {
                Prompts = comparison.Prompts.Count,
                comparison.Differences,
                Power = DefectComparison.Power,
                SmallestDetectable = comparison.SmallestDetectable(),
                PromptsNeeded = comparison.PowerAnalysis().Select(row => new { row.Effect, row.Difference, row.Prompts }),
            },
            Missing = Missing.Select(row => new { row.Model, row.File, row.Reason }),
            Warnings,
        });
        AtomicFile.WriteAllText(Path.Combine(folder, "defects.csv"), Csv().ToCsv());
        AtomicFile.WriteAllText(Path.Combine(folder, "clips.csv"), ClipsCsv().ToCsv());
        string page = Path.Combine(folder, "defects.html");
        (await PageAsync(cancellation).ConfigureAwait(false)).Write(page);
        return page;
    }

    private static IEnumerable<string> Warn(string model, DefectSample sample)
    {
        int top = sample.InTopHalf.Count(isIn => isIn);
        int open = Enumerable.Range(0, sample.Clips.Count).Sum(clip => sample.Grid.Count - sample.Judged(clip));
        if (sample.Prompts.Count < LeastPrompts)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{model}: {sample.Prompts.Count} {(sample.Prompts.Count == 1 ? "prompt" : "prompts")}; intervals over so few say little.");
        }

        if (top > 0.6 * sample.Clips.Count)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{model}: {top} of {sample.Clips.Count} clips are in the top half, because their video scores tie.");
        }

        if (open > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{model}: {open} of {sample.Clips.Count * sample.Grid.Count} patches are not judged; clips may hold defects that nobody was asked about.");
        }
    }

    private string Fit() => _level.Patches == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $", {_level.Patches} patches: {_level.Sensitivity:0.00} of the defective and {_level.Specificity:0.00} of the others told, separation {_level.Separation:0.00}");

    private IEnumerable<(string Model, DefectFinding Finding)> Rows() => _models.SelectMany((model, m) => _found[m].Select(finding => (model.Model, finding)));

    private DataTable Csv() => new(
        [.. new[] { "model", "group", "finding", "estimate", "low", "high", "at_random", "p", "p_holm", "prompts" }.Select(name => new TableColumn(name))],
        [
            .. Rows().Select(row => (IReadOnlyList<object?>)
                [row.Model, row.Finding.Group, row.Finding.Name, row.Finding.Value.Estimate, row.Finding.Value.Low, row.Finding.Value.High, row.Finding.AtRandom, row.Finding.PValue, row.Finding.Holm, row.Finding.Prompts]),
            .. (Comparison?.Differences ?? []).Select(row => (IReadOnlyList<object?>)
                [$"{_models[1].Model} - {_models[0].Model}", row.Group, row.Name, row.Difference.Mean.Estimate, row.Difference.Mean.Low, row.Difference.Mean.High, null, row.Difference.PValue, row.Holm, row.Difference.Count]),
        ]);

    private DataTable ClipsCsv() => new(
        [.. new[] { "model", "clip", "prompt", "video_score", "top_half", "patches", "defective", "worst_patch", "largest_defect" }.Select(name => new TableColumn(name))],
        [.. _samples.SelectMany((sample, m) => sample.Clips.Select((clip, i) => (IReadOnlyList<object?>)
            [_models[m].Model, clip.Name, clip.Prompt, clip.VideoScore, sample.InTopHalf[i] ? 1 : 0, sample.Judged(i), sample.Defective(i), clip.Qualities.Where(quality => !double.IsNaN(quality)).Min(), _findings[m].Largest(i)]))]);

    private async Task<HtmlPage> PageAsync(CancellationToken cancellation)
    {
        HtmlPage page = new("Patch defects", string.Join("; ", _models.Select((model, m) => string.Create(CultureInfo.InvariantCulture, $"{model.Model}: {model.Clips.Count} clips of {_samples[m].Prompts.Count} prompts"))));
        page.Add("What was asked", HtmlFragment.Of($"<p>{Protocol()}</p>{(Warnings.Count == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<ul>{Warnings.Select(warning => HtmlFragment.Of($"<li><b>{warning}</b></li>"))}</ul>"))}"));
        page.Add("Do defects exist in good clips?", HtmlFragment.Of($"<p>{Existence()}</p>"), Forest("existence").ToHtml());
        if (Comparison is { } comparison)
        {
            AddComparison(page, comparison);
        }

        page.Add("Where and when", [.. Maps().Select(map => map.ToHtml()), Over(DefectMeasure.Times(_patches.Grid)).ToHtml()]);
        page.Add("How large", [.. _findings.Select((findings, m) => HtmlFragment.Concat([Heading(m), SizeTable(findings).ToHtml()]))]);
        page.Add(
            "All numbers",
            HtmlFragment.Of($"<p class=\"halo-caption\">95 % intervals over prompts (BCa). “At random” is what the number would be if as many defects lay anywhere by chance. Each is defined in docs/defects.md.</p>"),
            Table().ToHtml());
        if (Missing.Count > 0)
        {
            page.Add("Not counted", new DataTable([new("model"), new("clip"), new("reason")], [.. Missing.Select(row => (IReadOnlyList<object?>)[row.Model, Path.GetFileName(row.File), row.Reason])]).ToHtml());
        }

        for (int m = 0; m < _models.Length; m++)
        {
            ClipPlayer? player = await ExamplesAsync(m, cancellation).ConfigureAwait(false);
            if (player is not null)
            {
                page.Add($"Good clips with bad patches{(_models.Length > 1 ? $": {_models[m].Model}" : "")}", HtmlFragment.Of($"<p class=\"halo-caption\">Of the top half by video score, the clips with most defective patches.</p>"), player.ToHtml());
            }
        }

        return page;
    }

    private void AddComparison(HtmlPage page, DefectComparison comparison)
    {
        DefectDifference[] found = [.. comparison.Differences.Skip(1).Where(row => row.Holm <= Level)];
        DefectDifference declared = comparison.Differences[0];
        string shown = !declared.Difference.Mean.IsDefined ? "One prompt alone shows nothing."
            : declared.Difference.Mean.High < 0 ? $"{_models[1].Model} has fewer defective patches."
            : declared.Difference.Mean.Low > 0 ? $"{_models[1].Model} has more defective patches."
            : "No difference of the share of defective patches is shown.";
        string others = found.Length == 0 ? "None of the other differences is significant after correction." : $"Significant after correction: {string.Join("; ", found.Select(row => $"{row.Name} ({(row.Difference.Mean.Estimate < 0 ? "fewer" : "more")})"))}.";

        // Blue, as everywhere, is what is better.
        double[] less = [.. _samples[0].Map().Zip(_samples[1].Map(), (first, second) => first - second)];
        page.Add(
            $"{_models[1].Model} against {_models[0].Model}",
            HtmlFragment.Of($"<p>{shown} {others}</p><p class=\"halo-caption\">{_models[1].Model} minus {_models[0].Model}, mean over the {comparison.Prompts.Count} prompts of both; BCa intervals over prompts, not corrected; two-sided sign-flip tests. The share of defective patches is the declared comparison, the {comparison.Differences.Count - 1} others (places too) are corrected by Holm.</p>"),
            new ForestPlot("Difference", "share", [.. comparison.Differences.Where(row => row.Group != "place").Select(row => new ForestRow(row.Name, row.Difference.Mean))]).ToHtml(),
            new HeatTable($"share of clips defective there that {_models[1].Model} has less", _patches.Grid, less, ColourScale.AroundZero(less), "0 %").ToHtml(),
            Differences(withPlaces: true)!.ToHtml());
        page.Add(
            "How many prompts it takes",
            HtmlFragment.Of($"<p>A comparison on so many prompts, with as many clips of each, shows a difference of {DisplayNumber.Format(comparison.SmallestDetectable())} with a probability of {DefectComparison.Power:0.0}. For others, from the deviation of the prompts' differences ({DisplayNumber.Format(declared.Deviation)}), two-sided at 95 %:</p>"),
            PowerTable()!.ToHtml());
    }

    private string Existence() => string.Join(" ", _models.Select((model, m) =>
    {
        DefectFinding top = _found[m].Single(finding => finding.Name == DefectMeasure.TopHalf.Name);
        DefectFinding patches = _found[m].Single(finding => finding.Name == DefectMeasure.Patches.Name);
        return string.Create(CultureInfo.InvariantCulture, $"{model.Model}: {DisplayNumber.Format(100 * top.Value.Estimate)} % of the clips in the top half hold a defective patch; {DisplayNumber.Format(100 * patches.Value.Estimate)} % of all patches are defective.");
    }));

    private ForestPlot Forest(string group) => new(
        "", "share", [.. Rows().Where(row => row.Finding.Group == group).Select(row => new ForestRow(_models.Length > 1 ? $"{row.Model}: {row.Finding.Name}" : row.Finding.Name, row.Finding.Value))], threshold: null);

    private LineChart Over(IReadOnlyList<DefectMeasure> times)
    {
        double[] steps = [.. times.Select((_, t) => t + 1.0)];
        return new LineChart("Share of patches that are defective, over time", "time step", "share", [.. _models.Select((model, m) =>
        {
            Interval[] shares = [.. times.Select(time => _found[m].Single(finding => finding.Group == time.Group && finding.Name == time.Name).Value)];
            return new ChartSeries(model.Model, steps, [.. shares.Select(share => share.Estimate)], [.. shares.Select(share => share.Low)], [.. shares.Select(share => share.High)]);
        })]);
    }

    private HtmlFragment Heading(int model) => _models.Length > 1 ? HtmlFragment.Of($"<h3>{_models[model].Model}</h3>") : HtmlFragment.Empty;

    private static DataTable SizeTable(DefectFindings findings) => new(
        [new("patches of a connected defect"), new("defects", true, "0"), new("share of the defects", true, "0.00"), new("share of the defective patches", true, "0.00")],
        [.. findings.SizeTable().Select(row => (IReadOnlyList<object?>)[row.Patches, row.Defects, row.ShareOfDefects, row.ShareOfPatches])]);

    private async Task<ClipPlayer?> ExamplesAsync(int model, CancellationToken cancellation)
    {
        DefectSample sample = _samples[model];

        // Where there is a best quality every defective patch has the full colour.
        ColourScale colours = _patches.Scale is { } scale ? ColourScale.Below([_level.Value], scale.Best) : ScoreReport.PatchColours([.. _samples.SelectMany(one => one.Clips.SelectMany(clip => clip.Qualities)).Where(double.IsFinite)], null);
        List<PlayerClip> shown = [];
        foreach (int i in Enumerable.Range(0, sample.Clips.Count).Where(clip => sample.InTopHalf[clip] && sample.Defective(clip) > 0).OrderByDescending(sample.Defective).Take(ShownClips))
        {
            VideoClip clip = await VideoFile.ReadAsync(sample.Clips[i].Name, cancellation).ConfigureAwait(false);
            LatticeEdges cells = _scoring.Cells(_patches.Grid, clip.Frames, clip.Height, clip.Width);
            string caption = string.Create(CultureInfo.InvariantCulture, $"video score {DisplayNumber.Format(sample.Clips[i].VideoScore)}; {sample.Defective(i)} of {sample.Judged(i)} patches defective");
            shown.Add(new PlayerClip(Path.GetFileName(sample.Clips[i].Name), ClipPreview.Of(clip), caption, new PatchHeat(sample.Clips[i].Qualities, cells, colours, "quality")));
        }

        return shown.Count > 0 ? new ClipPlayer(shown) : null;
    }

    private static double? Number(double value) => double.IsNaN(value) ? null : value;
}
