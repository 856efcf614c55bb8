using System.Text.Json.Nodes;
using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// Pairs of videos with what annotators preferred: VideoAlign's training tables and VideoGen-RewardBench (Liu et al. 2025, arXiv 2501.13918), CSV or
/// JSON Lines as <see cref="VideoPairFile"/> reads them. Each dimension that is <c>A</c>, <c>B</c> or <c>same</c> becomes one label of the pair.
/// </summary>
public sealed class VideoPairFormat : ILabelFormat
{
    private const string Source = "videoalign";

    /// <summary>Visual quality, motion quality, text alignment and overall: dimensions whatever their first row holds, so that a wrong label there is found.</summary>
    private static readonly string[] Published = ["VQ", "MQ", "TA", "Overall"];

    /// <inheritdoc/>
    public string Name => Source;

    /// <inheritdoc/>
    public string Description => "Pairs with A, B or same in each dimension: VideoAlign, VideoGen-RewardBench; CSV or JSON Lines";

    /// <inheritdoc/>
    public bool Recognises(string path)
    {
        IReadOnlyCollection<string> fields = TableFile.FindFields(path);
        return fields.Contains("path_A") || fields.Contains("path_B");
    }

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        Utf8Text.Require(path);
        Recording recording = Recording.From(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string[]? dimensions = null;
        int number = 0;
        foreach (JsonObject fields in VideoPairFile.Rows(path))
        {
            dimensions ??= Dimensions(path, fields);
            RowFields row = new(path, ++number, name => fields[name]?.ToString());
            yield return ImportedRow.Of(row, () =>
            {
                string prompt = row.Find("prompt") ?? throw row.Error("prompt", "is missing", "what both videos were generated from");
                string a = clips.Of(Source, folder, row.Text("path_A"), prompt);
                string b = clips.Of(Source, folder, row.Text("path_B"), prompt);
                return a == b
                    ? throw row.Error("path_B", "is the file of path_A", "two different videos")
                    : [.. dimensions.Select(dimension => recording.Of(new Label
                    {
                        Clip = a,
                        OtherClip = b,
                        Prompt = prompt,
                        Dimension = dimension,
                        Choice = row.FindName(dimension, LabelText.Choices) ?? throw row.Error(dimension, "is missing", "A, B or same"),
                        Annotator = "VideoAlign raters",
                        AnnotatorKind = AnnotatorKind.Human,
                    }))];
            });
        }
    }

    private static string[] Dimensions(string path, JsonObject first)
    {
        string[] missing = [.. new[] { "path_A", "path_B", "prompt" }.Where(field => !first.ContainsKey(field))];
        string[] dimensions = [.. first.Where(field => Published.Contains(field.Key) || LabelText.Find(LabelText.Choices, field.Value?.ToString() ?? "") is not null).Select(field => field.Key)];
        return missing.Length > 0 ? throw new InputException($"{path}: has no column {string.Join(", ", missing.Select(field => $"'{field}'"))}. Columns found: {string.Join(", ", first.Select(field => field.Key))}.")
            : dimensions.Length > 0 ? dimensions
            : throw new InputException($"{path}: has no dimension. Expected a column that is A, B or same, for example VQ. Columns found: {string.Join(", ", first.Select(field => field.Key))}.");
    }
}
