using System.Globalization;
using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// Answers of a scorer on VideoFeedback's test videos, as VideoScore's benchmark writes them (<see cref="ScorerAnswers"/>).
/// </summary>
/// <remarks>
/// Five zeros are the benchmark's mark of an answer that could not be read: they become labels without an answer. A regression's answers have no ends. A
/// video may have been asked about several times; each asking is an answer of its own.
/// </remarks>
public sealed class VideoScoreAnswersFormat : ILabelFormat
{
    /// <inheritdoc/>
    public string Name => "videoscore-answers";

    /// <inheritdoc/>
    public string Description => "A scorer's answers beside human grades on VideoFeedback's test videos, eval_video_feedback_SCORER.json";

    /// <inheritdoc/>
    public bool Recognises(string path)
    {
        IReadOnlyCollection<string> fields = TableFile.FindFields(path);
        return fields.Contains("id") && (fields.Contains("ref") || fields.Contains("ans"));
    }

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        Recording recording = Recording.From(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string scorer = ScorerAnswers.ScorerOf(path);
        Dictionary<string, int> askings = new(StringComparer.Ordinal);
        foreach (RowFields row in TableFile.Read(path))
        {
            yield return ImportedRow.Of(row, () =>
            {
                string prompt = row.Find("text") ?? throw row.Error("text", "is missing", "what the video was generated from");
                string clip = VideoFeedbackFormat.Clip(row, folder, clips, prompt);
                (double[] human, double[] answers) = ScorerAnswers.Numbers(row);
                int asking = askings[clip] = askings.GetValueOrDefault(clip) + 1;
                return
                [
                    .. VideoFeedbackFormat.Dimensions.Select((dimension, i) => recording.Of(Human(row, clip, prompt, dimension, human[i]))),
                    .. VideoFeedbackFormat.Dimensions.Select((dimension, i) => recording.Of(Answer(row, clip, prompt, dimension, answers, i) with
                    {
                        Annotator = scorer,
                        ResponseId = string.Create(CultureInfo.InvariantCulture, $"{recording.Source} asking {asking}"),
                    })),
                ];
            });
        }
    }

    private static Label Human(RowFields row, string clip, string prompt, string dimension, double grade) => new()
    {
        Clip = clip,
        Prompt = prompt,
        Dimension = dimension,
        Value = VideoFeedbackFormat.Scale.Holds(grade) ? grade : throw row.Error("ref", string.Create(CultureInfo.InvariantCulture, $"holds {grade}"), VideoFeedbackFormat.Scale.ToString()),
        Scale = VideoFeedbackFormat.Scale,
        Annotator = VideoFeedbackFormat.Raters,
        AnnotatorKind = AnnotatorKind.Human,
    };

    private static Label Answer(RowFields row, string clip, string prompt, string dimension, double[] answers, int place)
    {
        Label label = new() { Clip = clip, Prompt = prompt, Dimension = dimension, Annotator = "", AnnotatorKind = AnnotatorKind.Model };
        if (Array.TrueForAll(answers, answer => answer == 0))
        {
            return label with { Unanswered = Unanswered.Unreadable, Reason = "five zeros: the benchmark's mark of an answer that could not be read" };
        }

        if (!Array.TrueForAll(answers, answer => answer == Math.Floor(answer)))
        {
            return label with { Value = answers[place] };
        }

        RatingScale scale = VideoFeedbackFormat.Scale;
        return scale.Holds(answers[place])
            ? label with { Value = answers[place], Scale = scale }
            : throw row.Error("ans", string.Create(CultureInfo.InvariantCulture, $"holds {answers[place]}"), $"{scale}, or five zeros where there was no answer");
    }
}
