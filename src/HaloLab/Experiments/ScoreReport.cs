using System.Globalization;
using CsvHelper;
using HaloLab.Displays;
using HaloLab.Rewards.Patches;
using HaloLab.Statistics;
using HaloLab.Videos;
using Parquet;
using Parquet.Schema;

namespace HaloLab.Experiments;

/// <summary>What scorers said of clips, as <c>scores.json</c>, <c>scores.csv</c>, <c>scores.parquet</c> and a page.</summary>
/// <param name="clips">The clips.</param>
public sealed class ScoreReport(IReadOnlyList<ClipToScore> clips)
{
    private const int ShownClips = 12;

    private readonly List<(string Name, IReadOnlyList<string> Dimensions, IReadOnlyDictionary<string, string> Hashes, IReadOnlyList<ScoredClip> Rows, ScorerControls Controls)> _scorers = [];
    private (int Scorer, Func<VideoClip, LatticeEdges?> Cells, PatchRewardMeaning Meaning)? _patches;

    /// <summary>Adds what a scorer said of each clip.</summary>
    /// <param name="name">The scorer.</param>
    /// <param name="dimensions">What its scores are called.</param>
    /// <param name="hashes">The files they depend on.</param>
    /// <param name="rows">A row for each clip, in order.</param>
    /// <param name="changed">Rows of the changed clips (<see cref="ScorerControls.ClipsOf"/>).</param>
    /// <param name="isMeasurement">Whether it is not expected to read prompts or to know which way time runs.</param>
    /// <param name="patches">Where the patches of its rows lie in a clip, and what they mean; null for a scorer of whole clips.</param>
    public void Add(
        string name,
        IReadOnlyList<string> dimensions,
        IReadOnlyDictionary<string, string> hashes,
        IReadOnlyList<ScoredClip> rows,
        IReadOnlyList<ScoredClip> changed,
        bool isMeasurement = false,
        (Func<VideoClip, LatticeEdges?> Cells, PatchRewardMeaning Meaning)? patches = null)
    {
        _scorers.Add((name, dimensions, hashes, rows, new ScorerControls(name, dimensions, [.. rows, .. changed], isMeasurement)));
        _patches = patches is { } given ? (_scorers.Count - 1, given.Cells, given.Meaning) : _patches;
    }

    /// <summary>The clips that a scorer could not score, with its reason.</summary>
    public IReadOnlyList<(string File, string Scorer, string Reason)> Missing =>
        [.. _scorers.SelectMany(scorer => scorer.Rows.Where(row => row.Reason is not null).Select(row => (row.Clip.File, scorer.Name, row.Reason!)))];

    /// <summary>What was done to clips when they were read, of those to whom anything was.</summary>
    public IReadOnlyList<(string File, string Remark)> Remarks =>
        [.. clips.Select((clip, i) => (clip.File, Remark(i))).Where(row => row.Item2.Length > 0)];

    /// <summary>What the scorers do not notice and should.</summary>
    public IReadOnlyList<string> Warnings =>
        [.. _scorers.SelectMany(scorer => scorer.Controls.Warnings)];

    /// <summary>Writes the four files, each whole or not at all.</summary>
    /// <returns>The page.</returns>
    /// <exception cref="InputException">The folder cannot be written, or a clip that was scored can no longer be read.</exception>
    public async Task<string> WriteAsync(string folder, CancellationToken cancellation)
    {
        JsonFile.Write(Path.Combine(folder, "scores.json"), new
        {
            Scorers = _scorers.Select(scorer => new { scorer.Name, scorer.Dimensions, Sha256 = scorer.Hashes }),
            Controls = _scorers.SelectMany(scorer => ScorerControls.Changes.SelectMany(change => scorer.Dimensions.Select((dimension, d) =>
            {
                (Interval difference, int compared) = scorer.Controls.Difference(change, d);
                return new { Scorer = scorer.Name, Change = change, Dimension = dimension, Clips = compared, Difference = difference.Estimate, difference.Low, difference.High };
            }))),
            Warnings,
            Patches = _patches?.Meaning,
            Clips = clips.Select((clip, i) => new
            {
                clip.File,
                clip.Prompt,
                Scores = _scorers.Where(scorer => scorer.Rows[i].Scores is not null).ToDictionary(scorer => scorer.Name, scorer => scorer.Rows[i].Scores),
                PatchRewards = PatchesOf(i),
                Missing = _scorers.Where(scorer => scorer.Rows[i].Reason is not null).ToDictionary(scorer => scorer.Name, scorer => scorer.Rows[i].Reason),
                Remark = Remark(i),
            }),
        });
        AtomicFile.WriteAllText(Path.Combine(folder, "scores.csv"), Csv());
        AtomicFile.Write(Path.Combine(folder, "scores.parquet"), stream => WriteParquet(stream).GetAwaiter().GetResult());
        string page = Path.Combine(folder, "scores.html");
        (await PageAsync(cancellation).ConfigureAwait(false)).Write(page);
        return page;
    }

    private string Csv()
    {
        using StringWriter text = new();
        using (CsvWriter writer = new(text, CultureInfo.InvariantCulture))
        {
            foreach (string heading in (string[])["clip", "prompt", .. Columns().Select(column => column.Heading), "reason", "remark"])
            {
                writer.WriteField(heading);
            }

            writer.NextRecord();
            for (int i = 0; i < clips.Count; i++)
            {
                writer.WriteField(clips[i].File);
                writer.WriteField(clips[i].Prompt);
                foreach ((_, Func<int, double?> score) in Columns())
                {
                    writer.WriteField(score(i));
                }

                writer.WriteField(Reason(i));
                writer.WriteField(Remark(i));
                writer.NextRecord();
            }
        }

        return text.ToString();
    }

    /// <summary>The columns of the CSV file under the same names. A missing score is null, so is a reason or remark where there is none.</summary>
    private async Task WriteParquet(Stream stream)
    {
        int[] rows = [.. Enumerable.Range(0, clips.Count)];
        (DataField Field, Func<ParquetRowGroupWriter, DataField, Task> Write)[] columns =
        [
            Text("clip", i => clips[i].File), Text("prompt", i => clips[i].Prompt), .. Columns().Select(column => Number(column.Heading, column.Score)), Text("reason", Reason), Text("remark", Remark),
        ];
        ParquetSchema schema = new([.. columns.Select(column => column.Field)]);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd }).ConfigureAwait(false);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        foreach (((_, Func<ParquetRowGroupWriter, DataField, Task> write), DataField field) in columns.Zip(schema.DataFields))
        {
            await write(group, field).ConfigureAwait(false);
        }

        (DataField Field, Func<ParquetRowGroupWriter, DataField, Task> Write) Text(string name, Func<int, string> value) =>
            (new DataField(name, typeof(string), isNullable: true), (to, field) => to.WriteAsync(field, Array.ConvertAll(rows, i => value(i) is { Length: > 0 } text ? text : null)));

        (DataField Field, Func<ParquetRowGroupWriter, DataField, Task> Write) Number(string name, Func<int, double?> value) =>
            (new DataField(name, typeof(double), isNullable: true), (to, field) => to.WriteAsync<double>(field, Array.ConvertAll(rows, i => value(i)).AsMemory()));
    }

    private async Task<HtmlPage> PageAsync(CancellationToken cancellation)
    {
        (string Heading, Func<int, double?> Score)[] columns = [.. Columns()];
        HtmlPage page = new("Scores", string.Create(CultureInfo.InvariantCulture, $"{clips.Count} clips, {string.Join(" and ", _scorers.Select(scorer => scorer.Name))}"));
        page.Add("Means", new DataTable(
            [new TableColumn("score"), new TableColumn("clips", IsNumber: true, "0"), new TableColumn("mean", IsNumber: true), new TableColumn("standard deviation", IsNumber: true)],
            [.. columns.Select(column => (IReadOnlyList<object?>)Summary(column.Heading, [.. Enumerable.Range(0, clips.Count).Select(column.Score).OfType<double>()]))]).ToHtml());
        page.Add("Controls", ControlsDisplay.Of([.. _scorers.Select(scorer => scorer.Controls)]));
        if (Missing.Count > 0)
        {
            page.Add("Not scored", new DataTable(
                [new TableColumn("clip"), new TableColumn("scorer"), new TableColumn("reason")],
                [.. Missing.Select(row => (IReadOnlyList<object?>)[Path.GetFileName(row.File), row.Scorer, row.Reason])]).ToHtml());
        }

        if (Remarks.Count > 0)
        {
            page.Add("Remarks", new DataTable(
                [new TableColumn("clip"), new TableColumn("remark")],
                [.. Remarks.Select(row => (IReadOnlyList<object?>)[Path.GetFileName(row.File), row.Remark])]).ToHtml());
        }

        page.Add("Clips", new DataTable(
            [new TableColumn("clip"), new TableColumn("prompt"), .. columns.Select(column => new TableColumn(column.Heading, IsNumber: true))],
            [.. clips.Select((clip, i) => (IReadOnlyList<object?>)[Path.GetFileName(clip.File), clip.Prompt, .. columns.Select(column => (object?)column.Score(i))])]).ToHtml());
        List<PlayerClip> shown = [];
        foreach (int i in Enumerable.Range(0, clips.Count).Where(i => Reason(i).Length == 0).Take(ShownClips))
        {
            string caption = string.Join(", ", columns.Select(column => $"{column.Heading} {DisplayNumber.Format(column.Score(i), "0.00")}"));
            VideoClip clip = await VideoFile.ReadAsync(clips[i].File, cancellation).ConfigureAwait(false);
            shown.Add(new PlayerClip(Path.GetFileName(clips[i].File), ClipPreview.Of(clip), caption, Heat(i, clip)));
        }

        return shown.Count > 0 ? page.Add(shown.Count < clips.Count ? $"The first {shown.Count} scored clips" : "What was scored", new ClipPlayer(shown).ToHtml()) : page;
    }

    /// <summary>Patch rewards of a clip from the scorer that gives them, or null.</summary>
    private IReadOnlyList<double>? PatchesOf(int clip) => _patches is { } given ? _scorers[given.Scorer].Rows[clip].Patches : null;

    /// <summary>They over the clip: downwards from the best grade, or around their own mean.</summary>
    private PatchHeat? Heat(int i, VideoClip clip)
    {
        if (PatchesOf(i) is not { } patches || _patches!.Value.Cells(clip) is not { } cells)
        {
            return null;
        }

        double[] all = [.. Enumerable.Range(0, clips.Count).SelectMany(other => PatchesOf(other) ?? [])];
        return new PatchHeat(patches, cells, PatchColours(all, _patches.Value.Meaning.Best), "patch reward");
    }

    /// <summary>Colours of patch rewards: below the best grade, or around the mean where grades have no end.</summary>
    internal static ColourScale PatchColours(double[] all, double? best) => best is { } end
        ? ColourScale.Below(all, end)
        : ColourScale.Diverging(Moments.Mean(all), Math.Max(1e-6, 2 * Moments.StandardDeviation(all, 0)));

    private static object?[] Summary(string heading, double[] values) =>
        [heading, values.Length, values.Length > 0 ? Moments.Mean(values) : null, values.Length > 1 ? Moments.StandardDeviation(values) : null];

    private string Reason(int clip) => string.Join(" ", _scorers.Select(scorer => scorer.Rows[clip].Reason).OfType<string>().Distinct());

    /// <summary>That of the first scorer for which the clip was read: the others read the same.</summary>
    private string Remark(int clip) => _scorers.Select(scorer => scorer.Rows[clip].Remark).FirstOrDefault(remark => remark.Length > 0, "");

    /// <summary>A column for each dimension of each scorer; a missing score is null.</summary>
    private IEnumerable<(string Heading, Func<int, double?> Score)> Columns() =>
        _scorers.SelectMany(scorer => scorer.Dimensions.Select((dimension, d) => ($"{scorer.Name} {dimension}", (Func<int, double?>)(i => scorer.Rows[i].Scores?[d]))));
}
