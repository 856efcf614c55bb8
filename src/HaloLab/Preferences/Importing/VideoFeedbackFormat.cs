using System.Globalization;
using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// VideoFeedback, the human ratings that VideoScore was trained on (He et al. 2024, arXiv 2406.15252; TIGER-Lab/VideoFeedback): rows with <c>id</c>,
/// <c>text prompt</c> and five dimensions, each a whole grade from 1 to 4. JSON, JSON Lines or Parquet.
/// </summary>
public sealed class VideoFeedbackFormat : ILabelFormat
{
    internal const string Source = "videofeedback";

    /// <summary>Who rated, as far as it is published.</summary>
    internal const string Raters = "VideoFeedback raters";
    private const string Prompt = "text prompt";

    /// <summary>The dimensions under their published names, in the published order.</summary>
    internal static readonly string[] Dimensions = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency"];

    internal static readonly RatingScale Scale = new(1, 4, isWhole: true);

    /// <inheritdoc/>
    public string Name => Source;

    /// <inheritdoc/>
    public string Description => "VideoFeedback (VideoScore): human grades 1 to 4 in five dimensions; JSON, JSON Lines or Parquet";

    /// <inheritdoc/>
    public bool Recognises(string path)
    {
        IReadOnlyCollection<string> fields = TableFile.FindFields(path);
        return fields.Contains("id") && (fields.Contains(Prompt) || Dimensions.Any(fields.Contains));
    }

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        Recording recording = Recording.From(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (RowFields row in TableFile.Read(path))
        {
            yield return ImportedRow.Of(row, () =>
            {
                // Some videos were generated from an empty prompt on purpose; a row without one is not whole.
                string prompt = row.Find(Prompt) ?? throw row.Error(Prompt, "is missing", "what the video was generated from; it may be empty");
                string clip = Clip(row, folder, clips, prompt);
                return [.. Dimensions.Select(dimension => recording.Of(new Label
                {
                    Clip = clip,
                    Prompt = prompt,
                    Dimension = dimension,
                    Value = Grade(row, dimension),
                    Scale = Scale,
                    Annotator = Raters,
                    AnnotatorKind = AnnotatorKind.Human,
                }))];
            });
        }
    }

    /// <summary>The clip of a row: <c>ID.mp4</c> where the videos are given.</summary>
    internal static string Clip(RowFields row, string folder, ClipNames clips, string prompt)
    {
        string id = row.Text("id");
        return clips.IsByName ? $"{Source}:{id}" : clips.Of(Source, folder, $"{id}.mp4", prompt);
    }

    private static double Grade(RowFields row, string dimension)
    {
        double grade = row.FindNumber(dimension) ?? throw row.Error(dimension, "is missing", Scale.ToString());
        return Scale.Holds(grade) ? grade : throw row.Error(dimension, string.Create(CultureInfo.InvariantCulture, $"is {grade}"), Scale.ToString());
    }
}
