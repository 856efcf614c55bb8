using System.Text.Json;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// What VideoScore's evaluation on VideoFeedback writes of a scorer (He et al. 2024, arXiv 2406.15252; TIGER-AI-Lab/VideoScore): <c>eval_video_feedback_SCORER.json</c>, rows with <c>id</c>, <c>text</c>, the human
/// grades <c>ref</c> and the scorer's <c>ans</c>, each five numbers in the order of <see cref="VideoFeedbackFormat.Dimensions"/>, in a list or in a text that is one.
/// </summary>
internal static class ScorerAnswers
{
    /// <summary>How such a file's name begins.</summary>
    public const string FilePrefix = "eval_video_feedback_";

    /// <summary>The scorer that a file is about, by its name.</summary>
    public static string ScorerOf(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        return name.StartsWith(FilePrefix, StringComparison.Ordinal) && name.Length > FilePrefix.Length ? name[FilePrefix.Length..] : name;
    }

    /// <summary>The numbers of a row as they stand.</summary>
    /// <exception cref="InputException">One of the two is no list of five numbers.</exception>
    public static (double[] Human, double[] Answers) Numbers(RowFields row) => (Five(row, "ref"), Five(row, "ans"));

    private static double[] Five(RowFields row, string field)
    {
        string text = row.Text(field);
        try
        {
            double[]? numbers = JsonSerializer.Deserialize<double[]>(text);
            if (numbers?.Length == VideoFeedbackFormat.Dimensions.Length)
            {
                return numbers;
            }
        }
        catch (JsonException)
        {
            // Said below, as for a list of another length.
        }

        throw row.Error(field, $"is '{text}'", $"a list of five numbers ({string.Join(", ", VideoFeedbackFormat.Dimensions)})");
    }
}
