using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HaloLab.Models.Text;
using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>The texts of a request, from the versioned files in <c>data/teacher</c>.</summary>
internal class TeacherTexts
{
    private const string Separator = "===";
    private readonly string[] _sections;

    /// <param name="name">For example <c>crops.v1</c>.</param>
    /// <param name="system">What the teacher is told first.</param>
    /// <param name="user">What it is told then, in sections between which pictures go.</param>
    /// <param name="answer">The form of its answer.</param>
    protected TeacherTexts(string name, string system, string user, string answer)
    {
        Name = name;
        System = system.Trim();
        _sections = [.. user.Split(Separator).Select(section => section.Trim())];
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{system}\n{user}\n{answer}")));
    }

    /// <summary>For example <c>crops.v1</c>.</summary>
    public string Name { get; }

    /// <summary>SHA-256 over system text, request text and the form of the answer.</summary>
    public string Hash { get; }

    public string System { get; }

    /// <summary>Those of a model that runs here, which is asked about one patch at a time and chooses among given answers.</summary>
    public static TeacherTexts ForLocal() => new("local.v1", Text("local-system.v1.txt"), Text("local.v1.txt"), LocalTeacher.AnswerForm);

    /// <summary>The texts between the pictures, in their order.</summary>
    public IReadOnlyList<string> Fill(VideoClip clip, string prompt, string context, int patches)
    {
        // The prompt goes in last: braces of its own mean nothing.
        return
        [
            .. _sections.Select(section => section
                .Replace("{frames}", clip.Frames.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{rate}", clip.FramesPerSecond.ToString("0.###", CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{width}", clip.Width.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{height}", clip.Height.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{context}", context, StringComparison.Ordinal)
                .Replace("{count}", patches.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{prompt}", prompt, StringComparison.Ordinal)),
        ];
    }

    protected static string Text(string file)
    {
        using StreamReader reader = new(EmbeddedData.Open("teacher/" + file));
        return reader.ReadToEnd();
    }
}
