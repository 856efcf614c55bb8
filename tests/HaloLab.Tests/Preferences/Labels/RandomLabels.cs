using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Preferences.Labels;

/// <summary>Labels of every kind, with awkward texts and numbers.</summary>
internal static class RandomLabels
{
    private static readonly string?[] Texts = [null, "", "a cat", "\"quoted\", with comma", "line\nbreak\r\n", "émoji 🐈‍⬛ and 漢字", "  blanks  ", "null", "nul \0 inside", "\\ / \u2028 <b>"];

    public static string Clip(int i) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i)));

    public static Label Graded(int clip, string dimension = "visual quality", double value = 3, string annotator = "ann") => new()
    {
        Clip = Clip(clip),
        Prompt = "a cat",
        Dimension = dimension,
        Value = value,
        Scale = new RatingScale(1, 5, isWhole: true),
        Annotator = annotator,
        AnnotatorKind = AnnotatorKind.Human,
    };

    public static Label Draw(RandomStream stream)
    {
        T Pick<T>(params T[] values) => values[stream.Next(values.Length)];
        T? Maybe<T>(T value)
            where T : struct => stream.Next(2) == 0 ? value : null;
        PatchGrid? grid = Pick<PatchGrid?>(null, new PatchGrid(4, 4, 4), new PatchGrid(1, 2, 3));
        int answer = stream.Next(4);
        double number = Pick(0, -0.0, 1.0 / 3, 1e-300, -1.7976931348623157e308, 5e-324, 2, 0.1 + 0.2, stream.NextDouble());
        bool hasScale = number is >= 0 and <= 2 && stream.Next(2) == 0;
        return new Label
        {
            Clip = Pick(Clip(stream.Next(5)), "videofeedback:7001917", "richhf:train/a b.png"),
            OtherClip = answer == 1 || (answer == 3 && stream.Next(2) == 0) ? Clip(10 + stream.Next(5)) : null,
            Prompt = Pick(Texts),
            Grid = grid,
            Cell = grid is { } cells ? stream.Next(cells.Count) : null,
            Dimension = Pick("visual quality", "VQ", "local defect"),
            Value = answer == 0 ? number : null,
            Scale = answer == 0 && hasScale ? Pick(new RatingScale(0, 2, isWhole: number == Math.Floor(number)), new RatingScale(2, -0.5, isWhole: false)) : null,
            Choice = answer == 1 ? Pick(PairChoice.A, PairChoice.B, PairChoice.Same) : null,
            Defect = answer == 2 || (answer == 0 && stream.Next(2) == 0) ? Pick(Enum.GetValues<DefectType>()) : null,
            Unanswered = answer == 3 ? Pick(Enum.GetValues<Unanswered>()) : null,
            Confidence = answer == 3 ? null : Maybe(stream.NextDouble()),
            Reason = answer == 3 ? "content filter: \"violence\"" : Pick(Texts),
            Annotator = Pick("gpt-4o-2024-08-06", "ann", "Zoë"),
            AnnotatorKind = Pick(Enum.GetValues<AnnotatorKind>()),
            AnsweredAt = Maybe(new DateTimeOffset(2026, 1, 31, 23, 59, 59, TimeSpan.FromHours(2)).AddMicroseconds(stream.Next(1_000_000))),
            TemplateHash = Pick(null, Clip(99)),
            ResponseId = $"resp_{stream.Next(1_000_000)}",
        };
    }
}
