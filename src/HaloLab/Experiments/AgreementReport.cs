using System.Globalization;
using HaloLab.Displays;
using HaloLab.Evaluation.Agreement;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>
/// How the annotators of a label store agree: Krippendorff's α by dimension and by patch, κ of every two, who disagrees where, and what a model can be
/// expected to reach, all with intervals; as a page, as text and as JSON.
/// </summary>
public sealed class AgreementReport
{
    private const int MostDisputed = 20;

    private readonly string _store;
    private readonly AnnotatorKind _kind;
    private readonly IReadOnlyList<(string Annotator, long Labels, long CannotTell)> _annotators;
    private readonly Dictionary<string, string> _fileOfClip;

    private AgreementReport(string store, AnnotatorKind kind, IReadOnlyList<(string, long, long)> annotators, IReadOnlyList<AnnotatorAgreement> agreements, Dictionary<string, string> fileOfClip)
    {
        (_store, _kind, _annotators, Agreements, _fileOfClip) = (store, kind, annotators, agreements, fileOfClip);
    }

    /// <summary>One for each dimension, grid, scale and kind of answer.</summary>
    public IReadOnlyList<AnnotatorAgreement> Agreements { get; }

    /// <summary>Reads the current labels of a store. People and simulated annotators are never mixed.</summary>
    /// <param name="store">The labels.</param>
    /// <param name="annotators">Whose; empty for all people, or all simulated annotators where there are no people.</param>
    /// <param name="isWanted">Which dimensions; training items are left out in any case.</param>
    /// <param name="seed">Seed of the bootstrap.</param>
    /// <param name="advance">Told the share done.</param>
    /// <param name="cancellation">Stops between two dimensions.</param>
    /// <exception cref="InputException">Fewer than two annotators, annotators of different kinds, or nothing that two of them rated.</exception>
    public static AgreementReport Of(LabelStore store, IReadOnlyCollection<string> annotators, Func<string, bool> isWanted, long seed, Action<double> advance, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(annotators);
        (string Name, AnnotatorKind Kind)[] known = [.. store.Counts().Select(count => (count.Annotator, count.Kind)).Distinct()];
        if (annotators.FirstOrDefault(name => known.All(one => one.Name != name)) is { } unknown)
        {
            throw new InputException($"{store.Path}: has no labels of '{unknown}'. Its annotators: {string.Join(", ", known.Select(one => one.Name).Distinct().DefaultIfEmpty("none"))}.");
        }

        (string Name, AnnotatorKind Kind)[] chosen = annotators.Count > 0
            ? [.. known.Where(one => annotators.Contains(one.Name))]
            : [.. known.Where(one => one.Kind == (known.Any(other => other.Kind == AnnotatorKind.Human) ? AnnotatorKind.Human : AnnotatorKind.Simulated))];
        if (chosen.Select(one => one.Kind).Distinct().Count() > 1)
        {
            throw new InputException($"{string.Join(", ", chosen.Select(one => $"{one.Name} ({one.Kind})"))}: people, models and simulated annotators are never mixed. Name annotators of one kind.");
        }

        if (chosen.Length < 2)
        {
            throw new InputException($"{store.Path}: has labels of {(chosen.Length == 0 ? "no annotator" : $"{chosen[0].Name} alone")}; agreement needs two. Let another annotator answer the same questions.");
        }

        List<Label> labels = [];
        List<(string, long, long)> counts = [];
        foreach ((string name, AnnotatorKind kind) in chosen)
        {
            Label[] own =
            [
                .. store.Read(new LabelQuery { Annotator = name }).Select(stored => stored.Label)
                    .Where(label => label.AnnotatorKind == kind && isWanted(label.Dimension) && !TrainingDimension.Is(label.Dimension) && label.Unanswered != Unanswered.Withdrawn),
            ];
            labels.AddRange(own);
            counts.Add((name, own.Length, own.Count(label => label.Unanswered == Unanswered.CannotTell)));
        }

        IReadOnlyList<RatingTable> tables = RatingTable.Of(labels);
        if (tables.Count == 0)
        {
            throw new InputException($"{store.Path}: no two of {string.Join(", ", chosen.Select(one => one.Name))} answered in one dimension{(labels.Count == 0 ? "; they have no labels in the dimensions asked for" : "")}.");
        }

        List<AnnotatorAgreement> agreements = [];
        foreach (RatingTable table in tables)
        {
            cancellation.ThrowIfCancellationRequested();
            agreements.Add(new AnnotatorAgreement(table, seed));
            advance((double)agreements.Count / tables.Count);
        }

        Dictionary<string, string> files = [];
        foreach (ClipFile file in store.ReadClips())
        {
            files.TryAdd(file.Clip, file.Name);
        }

        return new AgreementReport(store.Path, chosen[0].Kind, counts, agreements, files);
    }

    /// <summary>Krippendorff's α of everyone, a row for each table.</summary>
    public DataTable Alphas() => new(
        [
            new TableColumn("question"), new TableColumn("annotators", IsNumber: true, "0"), new TableColumn("units", IsNumber: true, "0"), new TableColumn("prompts", IsNumber: true, "0"),
            new TableColumn("level"), new TableColumn("α", IsNumber: true), new TableColumn("95 % interval"),
        ],
        [.. Agreements.Select(item => (IReadOnlyList<object?>)
        [
            item.Table.Title, item.Table.Annotators.Count, item.Table.Units.Count, item.Clusters, Lower(item.Table.Level), .. Cells(item.Alpha),
        ])]);

    /// <summary>What a model can be expected to reach.</summary>
    public DataTable Ceilings() => new(
        [new TableColumn("question"), new TableColumn("one annotator against the mean of the others"), new TableColumn("ceiling", IsNumber: true), new TableColumn("95 % interval")],
        [.. Agreements.SelectMany(item => item.Ceilings.Select(ceiling => (IReadOnlyList<object?>)[item.Table.Title, ceiling.Measure, .. Cells(ceiling.Value)]))]);

    /// <summary>κ of every two annotators.</summary>
    public static DataTable Pairs(AnnotatorAgreement agreement)
    {
        ArgumentNullException.ThrowIfNull(agreement);
        return new DataTable(
            [
                new TableColumn("first"), new TableColumn("second"), new TableColumn("units", IsNumber: true, "0"), new TableColumn("same", IsNumber: true, "0 %"),
                new TableColumn("κ", IsNumber: true), new TableColumn("95 % interval"),
            ],
            [.. agreement.Pairs.Select(pair => (IReadOnlyList<object?>)[pair.First, pair.Second, pair.Units, pair.Same, .. Cells(pair.Kappa)])]);
    }

    /// <summary>How each annotator differs from the others.</summary>
    public static DataTable Habits(AnnotatorAgreement agreement)
    {
        ArgumentNullException.ThrowIfNull(agreement);
        return new DataTable(
            [
                new TableColumn("annotator"), new TableColumn("ratings", IsNumber: true, "0"), new TableColumn("less the others' mean", IsNumber: true), new TableColumn("95 % interval"),
                new TableColumn("α without", IsNumber: true, "0.000"),
            ],
            [.. agreement.Habits.Select(habit => (IReadOnlyList<object?>)[habit.Annotator, habit.Ratings, .. Cells(habit.Difference), habit.AlphaWithout])]);
    }

    /// <summary>The report for a terminal.</summary>
    public string ToText() => string.Join(
        Environment.NewLine,
        [
            Subtitle(),
            "",
            Alphas().ToText(),
            "",
            Ceilings().ToText(),
            .. Agreements.SelectMany(item => (string[])["", item.Table.Title, .. item.Pairs.Count == 0 ? [] : (string[])[Pairs(item).ToText(), ""], Habits(item).ToText()]),
        ]);

    /// <summary>The report as a page.</summary>
    public HtmlPage Page()
    {
        HtmlPage page = new(_kind == AnnotatorKind.Simulated ? "Agreement of simulated annotators" : "Agreement of annotators", Subtitle());
        HtmlFragment simulated = _kind == AnnotatorKind.Simulated
            ? HtmlFragment.Of($"<p class=\"halo-note\">These annotators are <strong>simulated</strong>: the numbers say how the simulation and the instrument work, nothing about people.</p>")
            : HtmlFragment.Empty;
        page.Add(
            "Krippendorff's α",
            simulated,
            HtmlFragment.Of($"<p>1 is perfect agreement, 0 is chance. Grades and choices are ordinal, kinds of defects nominal, scores interval. Intervals are bootstrap intervals over prompts, of which at least {AnnotatorAgreement.FewestClusters} are needed.</p>"),
            new ForestPlot("", "Krippendorff's α", [.. Agreements.Select(item => new ForestRow(item.Table.Title, item.Alpha))]).ToHtml(),
            Alphas().ToHtml());
        if (Agreements.Any(item => item.Ceilings.Count > 0))
        {
            page.Add(
                "Ceiling for models",
                HtmlFragment.Of($"<p>Each annotator in turn is held against the mean of the others. A model that reaches these numbers against the same reference agrees with people as well as people agree with each other; little can be asked beyond. There is no value where an annotator gave one grade only: a constant has no correlation.</p>"),
                Ceilings().ToHtml());
        }

        page.Add("Annotators", Annotators().ToHtml());
        foreach (AnnotatorAgreement agreement in Agreements)
        {
            page.Add(agreement.Table.Title, Sections(agreement));
        }

        return page;
    }

    /// <summary>Writes the page and the numbers into a folder: <c>agreement.html</c> and <c>agreement.json</c>.</summary>
    /// <returns>The path of the page.</returns>
    public string Write(string folder)
    {
        string page = Path.Combine(folder, "agreement.html");
        JsonFile.Write(Path.Combine(folder, "agreement.json"), new
        {
            Store = Path.GetFileName(_store),
            Kind = _kind,
            Annotators = _annotators.Select(item => new { Name = item.Annotator, item.Labels, item.CannotTell }),
            Questions = Agreements.Select(item => new
            {
                item.Table.Title,
                item.Table.Dimension,
                Grid = item.Table.Grid?.ToString(),
                Answers = item.Table.Kind,
                item.Table.Level,
                Units = item.Table.Units.Count,
                Prompts = item.Clusters,
                item.Alpha,
                item.Pairs,
                item.Habits,
                item.AlphaOfCells,
                item.DisagreementOfCells,
                item.Ceilings,
                item.Repeats,
            }),
        });
        Page().Write(page);
        return page;
    }

    private string Subtitle() => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(_store)}: {_annotators.Count} {(_kind == AnnotatorKind.Simulated ? "simulated annotators" : _kind == AnnotatorKind.Model ? "models" : "annotators")}, {_annotators.Sum(item => item.Labels):#,0} labels");

    private DataTable Annotators() => new(
        [new TableColumn("annotator"), new TableColumn("labels", IsNumber: true, "#,0"), new TableColumn("cannot tell", IsNumber: true, "#,0")],
        [.. _annotators.Select(item => (IReadOnlyList<object?>)[item.Annotator, item.Labels, item.CannotTell])]);

    private IEnumerable<HtmlFragment> Sections(AnnotatorAgreement agreement)
    {
        if (agreement.Pairs.Count > 0)
        {
            string weights = agreement.Table.Kind == RatingKind.Defect ? "" : ", quadratic weights";
            yield return HtmlFragment.Of($"<h3>Every two annotators (Cohen's κ{weights})</h3>");
            yield return Pairs(agreement).ToHtml();
        }

        yield return HtmlFragment.Of($"<h3>Each annotator beside the others</h3><p>Where α without an annotator is clearly above that of everyone ({DisplayNumber.Format(agreement.Alpha.Estimate, "0.000")}), that annotator understood something else.</p>");
        yield return Habits(agreement).ToHtml();
        if (agreement.Table.Grid is { } grid)
        {
            foreach (HtmlFragment map in Maps(agreement, grid))
            {
                yield return map;
            }
        }

        IReadOnlyList<RatedUnit> disputed = agreement.Table.Kind == RatingKind.Defect ? [] : agreement.Disputed(MostDisputed);
        if (disputed.Count > 0)
        {
            yield return HtmlFragment.Of($"<h3>Where annotators disagree most</h3>");
            yield return Disputed(agreement, disputed).ToHtml();
        }

        if (agreement.Repeats.Count > 0)
        {
            yield return HtmlFragment.Of($"<h3>The same asked again</h3>");
            yield return new DataTable(
                [new TableColumn("annotator"), new TableColumn("units", IsNumber: true, "0"), new TableColumn("same", IsNumber: true, "0 %"), new TableColumn("α with itself", IsNumber: true, "0.000")],
                [.. agreement.Repeats.Select(item => (IReadOnlyList<object?>)[item.Annotator, item.Units, item.Same, item.Alpha])]).ToHtml();
        }
    }

    private static IEnumerable<HtmlFragment> Maps(AnnotatorAgreement agreement, PatchGrid grid)
    {
        yield return HtmlFragment.Of($"<h3>α at each place</h3><p>Over the clips' patches at that place; no value where all ratings are one.</p>");
        yield return new HeatTable("Krippendorff's α", grid, [.. agreement.AlphaOfCells.Select(alpha => alpha.Estimate)], ColourScale.Diverging(0, 1), "0.00").ToHtml();
        DataTable intervals = new(
            [new TableColumn("time", IsNumber: true), new TableColumn("row", IsNumber: true), new TableColumn("column", IsNumber: true), new TableColumn("α", IsNumber: true), new TableColumn("95 % interval")],
            [.. agreement.AlphaOfCells.Select((alpha, cell) =>
            {
                (int t, int h, int w) = grid.Cell(cell);
                return (IReadOnlyList<object?>)[t + 1, h + 1, w + 1, .. Cells(alpha)];
            })]);
        yield return HtmlFragment.Of($"<details><summary>With intervals</summary>{intervals.ToHtml()}</details>\n");
        if (agreement.DisagreementOfCells.Count > 0)
        {
            double most = Math.Max(1e-9, agreement.DisagreementOfCells.Concat(agreement.Habits.SelectMany(habit => habit.DisagreementOfCells)).Where(double.IsFinite).DefaultIfEmpty(0).Max());
            ColourScale scale = ColourScale.Sequential(0, most);
            yield return HtmlFragment.Of($"<h3>Disagreement at each place</h3><p>Mean difference of two annotators' ratings of a patch.</p>");
            yield return new HeatTable("difference", grid, agreement.DisagreementOfCells, scale, "0.00").ToHtml();
            yield return HtmlFragment.Of($"<details><summary>Of each annotator from the mean of the others</summary>{agreement.Habits.Select(habit => HtmlFragment.Of($"<h3>{habit.Annotator}</h3>{new HeatTable("difference", grid, habit.DisagreementOfCells, scale, "0.00", withLegend: false).ToHtml()}"))}</details>\n");
        }
    }

    private DataTable Disputed(AnnotatorAgreement agreement, IReadOnlyList<RatedUnit> units) => new(
        [
            new TableColumn("clip"), .. agreement.Table.Kind == RatingKind.Choice ? (TableColumn[])[new TableColumn("other clip")] : [], new TableColumn("prompt"),
            .. agreement.Table.Grid is null ? (TableColumn[])[] : [new TableColumn("patch")],
            .. agreement.Table.Annotators.Select(annotator => new TableColumn(annotator, IsNumber: true, "0.##")),
        ],
        [.. units.Select(unit => (IReadOnlyList<object?>)
        [
            NameOf(unit.Clip), .. agreement.Table.Kind == RatingKind.Choice ? (object?[])[NameOf(unit.OtherClip!)] : [], unit.Prompt,
            .. agreement.Table.Grid is { } grid ? (object?[])[PlaceOf(grid, unit.Cell!.Value)] : [],
            .. unit.Ratings.Select(rating => agreement.Table.Kind == RatingKind.Choice && !double.IsNaN(rating) ? (object?)(rating > 0 ? "A" : rating < 0 ? "B" : "same") : rating),
        ])]);

    private string NameOf(string clip) => _fileOfClip.TryGetValue(clip, out string? file) ? file : clip.Length == 64 ? clip[..12] : clip;

    private static string PlaceOf(PatchGrid grid, int cell)
    {
        (int t, int h, int w) = grid.Cell(cell);
        return string.Create(CultureInfo.InvariantCulture, $"time {t + 1}, row {h + 1}, column {w + 1}");
    }

    private static object?[] Cells(Interval value)
    {
        (string estimate, string interval) = DisplayNumber.Estimate(value);
        return [value.IsDefined ? estimate : DisplayNumber.Format(value.Estimate), interval];
    }

    private static string Lower(MeasurementLevel level) => level.ToString().ToLowerInvariant();
}
