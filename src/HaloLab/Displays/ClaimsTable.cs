using HaloLab.Statistics;

namespace HaloLab.Displays;

/// <summary>Claims with estimate, interval, threshold and verdict.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ClaimsTable : IDisplay
{
    private static readonly TableColumn[] Columns =
    [
        new("claim"), new("statement"), new("measure"), new("estimate", IsNumber: true), new("interval", IsNumber: true),
        new("shown if", IsNumber: true), new("n", IsNumber: true, Format: "0"), new("verdict"),
    ];

    private readonly IReadOnlyList<ClaimRow> _rows;

    public ClaimsTable(IReadOnlyList<ClaimRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        _rows = rows;
    }

    /// <summary>A verdict as a small label: a sign, a word and a colour, so that none of them is needed alone.</summary>
    public static HtmlFragment Chip(Verdict verdict) => verdict switch
    {
        Verdict.Shown => HtmlFragment.Of($"<span class=\"halo-chip halo-shown\">✓ shown</span>"),
        Verdict.Contradicted => HtmlFragment.Of($"<span class=\"halo-chip halo-contradicted\">✗ contradicted</span>"),
        Verdict.NotShown => HtmlFragment.Of($"<span class=\"halo-chip\">○ not shown</span>"),
        _ => HtmlFragment.Of($"<span class=\"halo-chip halo-notrun\">– not run</span>"),
    };

    /// <inheritdoc/>
    public HtmlFragment ToHtml() => Table(row => row.Remark.Length == 0
        ? HtmlFragment.Text(row.Statement)
        : HtmlFragment.Of($"{row.Statement}<br><span class=\"halo-subtitle\">{row.Remark}</span>")).ToHtml();

    /// <inheritdoc/>
    public string ToText() => Table(row => HtmlFragment.Text(row.Remark.Length == 0 ? row.Statement : $"{row.Statement} ({row.Remark})")).ToText();

    private DataTable Table(Func<ClaimRow, HtmlFragment> statement) => new(Columns, [.. _rows.Select(row => (IReadOnlyList<object?>)
    [
        HtmlFragment.Of($"<strong>{row.Id}</strong>"),
        statement(row),
        row.Measure,
        DisplayNumber.Estimate(row.Interval).Estimate,
        DisplayNumber.Estimate(row.Interval).Interval,
        $"{(row.Rule.Direction == ClaimDirection.Above ? ">" : "<")} {DisplayNumber.Chosen(row.Rule.Threshold)}",
        row.Count,
        Chip(row.Verdict),
    ])]);
}
