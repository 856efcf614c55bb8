using System.Buffers.Binary;
using System.Globalization;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// Brings published labels into a store. The whole file is checked first; then the videos that it names are read, each once, and remembered one by
/// one, so that an interrupted import goes on there; then all labels are written in one transaction.
/// </summary>
public static class LabelImport
{
    private const int ReportEvery = 1000;

    /// <summary>Every format that can be read.</summary>
    /// <param name="heatMapGrid">The cells that heat maps are pooled to.</param>
    public static IReadOnlyList<ILabelFormat> Formats(PatchGrid heatMapGrid) =>
    [
        new VideoDpoFormat(), new HeatMapFormat(heatMapGrid), new VideoPairFormat(), new VideoScoreAnswersFormat(), new VideoFeedbackFormat(), new LabelTableFormat(), new VBenchFolderFormat(),
    ];

    /// <summary>The format of a name, or the first that recognises the file.</summary>
    /// <exception cref="InputException">There is no such file or format, or none recognises it.</exception>
    public static ILabelFormat FindFormat(string path, string? name, PatchGrid heatMapGrid)
    {
        ArgumentNullException.ThrowIfNull(path);
        IReadOnlyList<ILabelFormat> formats = Formats(heatMapGrid);
        string known = string.Join("\n", formats.Select(format => $"  {format.Name}: {format.Description}"));
        if (name is not null)
        {
            return formats.FirstOrDefault(format => format.Name == name) ?? throw new InputException($"Format '{name}' is not known. Expected one of\n{known}");
        }

        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new InputException($"{path}: no such file or folder. Give the path of labels.");
        }

        ILabelFormat? recognised = formats.FirstOrDefault(format => format.Recognises(path));
        if (recognised is null && TableFile.CanRead(path))
        {
            // A table that cannot be read has no fields to be recognised by: then that is what is wrong.
            _ = TableFile.Read(path).FirstOrDefault();
        }

        return recognised ?? throw new InputException($"{path}: its format is not recognised. Say which it is with --format NAME; NAME is one of\n{known}");
    }

    /// <summary>Reads everything and says what is wrong; writes nothing and decodes no video.</summary>
    /// <exception cref="InputException">The file cannot be read at all.</exception>
    public static ImportReport Validate(string path, ILabelFormat format, ClipNames clips, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(clips);
        List<string> problems = [];
        Dictionary<ulong, Seen> seen = [];
        long rows = 0;
        long labels = 0;
        long repeated = 0;
        long count = 0;
        void Problem(string text)
        {
            count++;
            if (problems.Count < ImportReport.MostProblems)
            {
                problems.Add(text);
            }
        }

        try
        {
            foreach (ImportedRow row in format.Read(path, clips))
            {
                if (rows++ % ReportEvery == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }

                if (row.Problem is not null)
                {
                    Problem(row.Problem);
                }

                foreach (StoredLabel stored in row.Labels)
                {
                    switch (Compare(seen, stored, row.Row))
                    {
                        case null:
                            labels++;
                            break;
                        case { IsSame: true }:
                            repeated++;
                            break;
                        case { } earlier:
                            Problem(string.Create(
                                CultureInfo.InvariantCulture,
                                $"{path}: row {row.Row}: '{stored.Label.Dimension}' is {stored.Label.AnswerText()}, and row {earlier.Row} says something else of the same ({stored.Label.QuestionText()}). Expected one answer: decide which is right and delete the other."));
                            break;
                    }
                }
            }
        }
        catch (InputException exception)
        {
            Problem(exception.Message);
        }

        if (count == 0 && labels == 0 && clips.Met.Count == 0)
        {
            Problem($"{path}: holds no labels. Expected at least one.");
        }

        return new ImportReport(path, format.Name, rows, labels, repeated, clips.Met, count, problems);
    }

    /// <summary>Writes the labels of a file that was found good.</summary>
    /// <param name="report">From <see cref="Validate"/>, with the same format and clips.</param>
    /// <param name="format">The file's format.</param>
    /// <param name="clips">As given to <see cref="Validate"/>.</param>
    /// <param name="store">Where to write.</param>
    /// <param name="onDifferentAnswer">What becomes of a different answer to a question that the store has an answer to.</param>
    /// <param name="advanced">Told which of two pieces of work goes on, and the share of it that is done.</param>
    /// <param name="cancellation">Stops it; no label is written, the videos read so far stay known.</param>
    /// <exception cref="InputException">Something is wrong; no label was written.</exception>
    public static AppendResult Write(
        ImportReport report, ILabelFormat format, ClipNames clips, LabelStore store, OnDifferentAnswer onDifferentAnswer = OnDifferentAnswer.Refuse, Action<string, double>? advanced = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(store);
        report.RequireGood();
        ClipNames known = clips.IsByName ? clips : clips.Knowing(ReadVideos(report.Videos, store, share => advanced?.Invoke("reading videos", share), cancellation));
        long current = 0;
        try
        {
            return store.Write(Labels(), onDifferentAnswer);
        }
        catch (InputException exception) when (current > 0 && !exception.Message.StartsWith(report.Path, StringComparison.Ordinal))
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{report.Path}: row {current}: {exception.Message} Nothing was written."), exception);
        }

        IEnumerable<StoredLabel> Labels()
        {
            foreach (ImportedRow row in format.Read(report.Path, known))
            {
                current = row.Row;
                if (row.Row % ReportEvery == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    advanced?.Invoke("writing labels", Math.Min(1, (double)row.Row / report.Rows));
                }

                foreach (StoredLabel label in row.Problem is null ? row.Labels : throw new InputException(row.Problem))
                {
                    yield return label;
                }
            }
        }
    }

    /// <summary>Reads videos and remembers in the store which clips they hold; a file that the store knows is not decoded again.</summary>
    /// <returns>Content hash by full path.</returns>
    /// <exception cref="InputException">A video cannot be read.</exception>
    private static Dictionary<string, string> ReadVideos(IReadOnlyCollection<ClipNames.Video> videos, LabelStore store, Action<double> advanced, CancellationToken cancellation)
    {
        Dictionary<string, string> clips = new(StringComparer.Ordinal);
        foreach (ClipNames.Video video in videos)
        {
            cancellation.ThrowIfCancellationRequested();
            string file = FileHash.Of(video.Path, "a video");
            string clip = store.FindClip(file) ?? VideoFile.ReadAsync(video.Path, cancellation).GetAwaiter().GetResult().ContentHash;
            store.AddClips([new ClipFile(clip, video.Name, file, video.Prompt)]);
            clips.Add(video.Path, clip);
            advanced((double)clips.Count / videos.Count);
        }

        return clips;
    }

    private static Earlier? Compare(Dictionary<ulong, Seen> seen, StoredLabel stored, long row)
    {
        byte[] question = LabelQuestion.KeyOf(stored.Label);
        ulong key = BinaryPrimitives.ReadUInt64LittleEndian(question) + (ulong)stored.Revision;
        Label label = stored.Label;
        Seen now = new((int)row, BinaryPrimitives.ReadInt32LittleEndian(question.AsSpan(8)), HashCode.Combine(label.Value, label.Scale, label.Choice, label.Defect, label.Unanswered, label.Confidence, label.Reason));
        if (seen.TryAdd(key, now))
        {
            return null;
        }

        // Two questions whose keys begin alike: the store, which compares whole keys, will tell them apart.
        Seen earlier = seen[key];
        return earlier.Question != now.Question ? null : new Earlier(earlier.Row, earlier.Answer == now.Answer);
    }

    /// <summary>A question that was met: as little as can be, for there may be millions.</summary>
    private readonly record struct Seen(int Row, int Question, int Answer);

    private readonly record struct Earlier(int Row, bool IsSame);
}
