using System.Globalization;
using HaloLab.Displays;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>A comparison of models as <c>comparison.json</c>, <c>comparison.csv</c> and a page.</summary>
/// <param name="comparison">What was compared.</param>
/// <param name="trained">The scorer that the models after the first were trained for, which <see cref="RewardWatch"/> then watches; null: none.</param>
/// <param name="distances">The models' clips against a reference; null: none.</param>
public sealed class ComparisonReport(ModelComparison comparison, string? trained = null, ReferenceComparison? distances = null)
{
    private const double Level = 0.05;
    private const int ShownPrompts = 3;

    // 2 / 2⁶ is the smallest p below one in twenty that flipping signs can give.
    private const int LeastPrompts = 6;

    /// <summary>What is claimed of every model and score, whatever comes out: it is higher than the first model's.</summary>
    private static readonly ClaimRule Higher = new(0, ClaimDirection.Above);

    private readonly IReadOnlyList<(ModelDifference Difference, double Holm)> _differences = comparison.Differences();

    /// <summary>What a reader must know before trusting a number, a sentence each.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. _differences.Select(item => item.Difference).Where(item => item.Prompts < LeastPrompts).GroupBy(item => item.Second).Select(items => string.Create(
            CultureInfo.InvariantCulture,
            $"{comparison.Models[items.Key].Model}: as few as {items.Min(item => item.Prompts)} prompts are scored in both; below {LeastPrompts} no difference can be significant.")),
        .. trained is null ? [] : RewardWatch.Alarms(_differences, trained, [.. comparison.Models.Select(model => model.Model)]),
        .. comparison.Controls.SelectMany(controls => controls.Warnings),
    ];

    /// <summary>Clips without a score or a distance, and why.</summary>
    public IReadOnlyList<(string Model, string File, string Scorer, string Reason)> Missing => [.. comparison.Missing.Concat(distances?.Missing ?? []).Distinct()];

    /// <summary>The differences as a table.</summary>
    public DataTable Table() => new(
        [
            new("model"), new("score"), new("prompts", true, "0"), new("difference"), new("95 % interval"), new("detectable", true, "G2"), new("p", true, "0.0000"), new("p (Holm)", true, "0.0000"), new("higher"),
            new("wins – ties – losses"), new("win rate"),
        ],
        [.. _differences.Select(item =>
        {
            (string estimate, string interval) = DisplayNumber.Estimate(item.Difference.Difference);
            (string rate, string rateInterval) = DisplayNumber.Estimate(item.Difference.WinRate);
            return (IReadOnlyList<object?>)[
                NameOf(item.Difference), item.Difference.Metric, item.Difference.Prompts, estimate, interval, item.Difference.Detectable, item.Difference.PValue, item.Holm, ClaimsTable.Chip(VerdictOf(item)),
                string.Create(CultureInfo.InvariantCulture, $"{item.Difference.Wins} – {item.Difference.Ties} – {item.Difference.Losses}"), $"{rate} {rateInterval}",
            ];
        })]);

    /// <summary>Writes the three files.</summary>
    /// <returns>The page.</returns>
    public async Task<string> WriteAsync(string folder, CancellationToken cancellation)
    {
        JsonFile.Write(Path.Combine(folder, "comparison.json"), new
        {
            Models = comparison.Models.Select(model => new { Name = model.Model, Clips = model.Clips.Count, Prompts = model.Clips.Select(clip => clip.Prompt).Distinct().Count() }),
            Sha256 = comparison.Hashes.Concat(distances?.Hashes ?? new Dictionary<string, IReadOnlyDictionary<string, string>>()).ToDictionary(),
            Means = comparison.Metrics.Select(metric => new { Score = metric.Name, Models = comparison.Models.Select((_, m) => new { Clips = metric.Clips(m), Mean = metric.Mean(m) }) }),
            Differences = _differences.Select(item => new
            {
                Model = NameOf(item.Difference),
                Against = comparison.Models[item.Difference.First].Model,
                Score = item.Difference.Metric,
                item.Difference.Prompts,
                item.Difference.Difference,
                item.Difference.Detectable,
                P = item.Difference.PValue,
                PHolm = item.Holm,
                Higher = VerdictOf(item),
                item.Difference.Wins,
                item.Difference.Ties,
                item.Difference.Losses,
                item.Difference.WinRate,
            }),
            Reference = distances?.Reference.Model,
            Distances = distances?.Distances,
            Missing = Missing.Select(row => new { row.Model, row.File, row.Scorer, row.Reason }),
            Remarks = comparison.Remarks.Select(row => new { row.Model, row.File, row.Remark }),
            Warnings,
        });
        AtomicFile.WriteAllText(Path.Combine(folder, "comparison.csv"), Rows().ToCsv());
        if (distances is not null)
        {
            AtomicFile.WriteAllText(Path.Combine(folder, "distances.csv"), distances.Rows().ToCsv());
        }

        string page = Path.Combine(folder, "comparison.html");
        (await PageAsync(cancellation).ConfigureAwait(false)).Write(page);
        return page;
    }

    /// <summary>The differences with bare numbers, for other programs.</summary>
    private DataTable Rows() => new(
        [.. new[] { "model", "against", "score", "prompts", "difference", "low", "high", "p", "p_holm", "wins", "ties", "losses", "win_rate", "win_rate_low", "win_rate_high", "detectable", "higher" }.Select(name => new TableColumn(name))],
        [.. _differences.Select(item => (IReadOnlyList<object?>)[
            NameOf(item.Difference), comparison.Models[item.Difference.First].Model, item.Difference.Metric, item.Difference.Prompts, item.Difference.Difference.Estimate, item.Difference.Difference.Low,
            item.Difference.Difference.High, item.Difference.PValue, item.Holm, item.Difference.Wins, item.Difference.Ties, item.Difference.Losses, item.Difference.WinRate.Estimate,
            item.Difference.WinRate.Low, item.Difference.WinRate.High, item.Difference.Detectable, VerdictOf(item).ToString(),
        ])]);

    private async Task<HtmlPage> PageAsync(CancellationToken cancellation)
    {
        HtmlPage page = new("Models compared", string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", comparison.Models.Select(model => $"{model.Model} ({model.Clips.Count} clips)"))}; {comparison.Metrics.Count} scores"));
        if (Warnings.Count > 0)
        {
            page.Add("Read this first", HtmlFragment.Of($"<ul>{Warnings.Select(warning => HtmlFragment.Of($"<li><b>{warning}</b></li>"))}</ul>"));
        }

        if (comparison.Metrics.Count > 0)
        {
            AddScores(page);
        }

        if (distances is not null)
        {
            page.Add($"Distances to {distances.Reference.Model}", distances.Display());
        }

        if (Missing.Count > 0)
        {
            page.Add("Not scored", new DataTable([new("model"), new("clip"), new("scorer"), new("reason")], [.. Missing.Select(row => (IReadOnlyList<object?>)[row.Model, Path.GetFileName(row.File), row.Scorer, row.Reason])]).ToHtml());
        }

        if (comparison.Remarks.Count > 0)
        {
            page.Add("Remarks", new DataTable([new("model"), new("clip"), new("remark")], [.. comparison.Remarks.Select(row => (IReadOnlyList<object?>)[row.Model, Path.GetFileName(row.File), row.Remark])]).ToHtml());
        }

        if (comparison.Metrics.Count > 0)
        {
            page.Add("Where they differ most", await ExtremesAsync(cancellation).ConfigureAwait(false));
        }

        return page;
    }

    private void AddScores(HtmlPage page)
    {
        string first = comparison.Models[0].Model;
        page.Add(
            $"Against {first}",
            HtmlFragment.Of($"<p>{Significant()}</p><p class=\"halo-caption\">Mean over the prompts that both models have, model minus {first}; BCa intervals over prompts; two-sided sign-flip test, corrected by Holm over all {_differences.Count} comparisons. That a model is higher is shown, or contradicted, where both the interval and the corrected test say so; detectable: the smallest true difference that so many prompts would have shown with power 0.8.</p>"),
            Table().ToHtml(),
            WinRates().ToHtml());
        page.Add("Means", Means().ToHtml());
        page.Add("Controls", ControlsDisplay.Of(comparison.Controls));
    }

    private string Significant()
    {
        string[] found = [.. _differences.Where(item => item.Holm <= Level).Select(item => $"{NameOf(item.Difference)} is {(item.Difference.Difference.Estimate > 0 ? "higher" : "lower")} in {item.Difference.Metric}")];
        return found.Length == 0 ? "No difference is significant after correction." : $"Significant after correction: {string.Join("; ", found)}.";
    }

    private ForestPlot WinRates() => new(
        $"Win rate against {comparison.Models[0].Model}",
        "share of prompts, ties counting half",
        [.. _differences.Select(item => new ForestRow($"{NameOf(item.Difference)}: {item.Difference.Metric}", item.Difference.WinRate))],
        0.5);

    private DataTable Means() => new(
        [new("score"), .. comparison.Models.SelectMany(model => new TableColumn[] { new(model.Model, true), new("clips", true, "0") })],
        [.. comparison.Metrics.Select(metric => (IReadOnlyList<object?>)[metric.Name, .. comparison.Models.SelectMany((_, m) => new object?[] { metric.Mean(m).Estimate, metric.Clips(m) })])]);

    /// <summary>By the first score, for each model: the prompts on which it gained and lost most, its first clip beside the first model's.</summary>
    private async Task<IEnumerable<HtmlFragment>> ExtremesAsync(CancellationToken cancellation)
    {
        MetricComparison metric = comparison.Metrics[0];
        List<HtmlFragment> parts = [HtmlFragment.Of($"<p class=\"halo-caption\">By {metric.Name}: the prompts on which a model gained and lost most. The first clip of each.</p>")];
        for (int model = 1; model < comparison.Models.Count; model++)
        {
            (string Prompt, double Difference)[] byDifference = [.. metric.Differences(0, model).OrderByDescending(item => item.Difference)];
            foreach ((string prompt, double difference) in byDifference.Take(ShownPrompts).Concat(byDifference.Skip(ShownPrompts).TakeLast(ShownPrompts)))
            {
                PlayerClip[] clips = [await ClipOf(0, prompt, cancellation).ConfigureAwait(false), await ClipOf(model, prompt, cancellation).ConfigureAwait(false)];
                parts.Add(HtmlFragment.Of($"<h3>{prompt}</h3><p class=\"halo-caption\">{comparison.Models[model].Model}: {DisplayNumber.Format(difference)}</p>"));
                parts.Add(new ClipPlayer(clips).ToHtml());
            }
        }

        return parts;
    }

    private async Task<PlayerClip> ClipOf(int model, string prompt, CancellationToken cancellation)
    {
        VideoClip clip = await VideoFile.ReadAsync(comparison.FirstScored(model, prompt), cancellation).ConfigureAwait(false);
        return new PlayerClip(comparison.Models[model].Model, ClipPreview.Of(clip));
    }

    private static Verdict VerdictOf((ModelDifference Difference, double Holm) item) => Higher.Judge(item.Difference.Prompts == 0 ? null : item.Difference.Difference, item.Holm, Level);

    private string NameOf(ModelDifference difference) => comparison.Models[difference.Second].Model;
}
