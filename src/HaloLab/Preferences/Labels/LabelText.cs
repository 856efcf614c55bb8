using System.Collections.Frozen;
using System.Globalization;

namespace HaloLab.Preferences.Labels;

/// <summary>How enumerations and times of a label are written, in the database as in files.</summary>
internal static class LabelText
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public static FrozenDictionary<PairChoice, string> Choices { get; } = new Dictionary<PairChoice, string>
    {
        [PairChoice.A] = "A",
        [PairChoice.B] = "B",
        [PairChoice.Same] = "same",
    }.ToFrozenDictionary();

    public static FrozenDictionary<DefectType, string> Defects { get; } = new Dictionary<DefectType, string>
    {
        [DefectType.None] = "none",
        [DefectType.Deformed] = "deformed",
        [DefectType.Blurred] = "blurred",
        [DefectType.Flickering] = "flickering",
        [DefectType.Duplicated] = "duplicated",
        [DefectType.Missing] = "missing",
        [DefectType.PhysicallyWrong] = "physically wrong",
        [DefectType.TextGarbled] = "text garbled",
    }.ToFrozenDictionary();

    public static FrozenDictionary<Unanswered, string> Unanswered { get; } = new Dictionary<Unanswered, string>
    {
        [Labels.Unanswered.Refused] = "refused",
        [Labels.Unanswered.CannotTell] = "cannot tell",
        [Labels.Unanswered.Unreadable] = "unreadable",
        [Labels.Unanswered.Withdrawn] = "withdrawn",
    }.ToFrozenDictionary();

    public static FrozenDictionary<AnnotatorKind, string> Kinds { get; } = new Dictionary<AnnotatorKind, string>
    {
        [AnnotatorKind.Human] = "human",
        [AnnotatorKind.Model] = "model",
        [AnnotatorKind.Simulated] = "simulated",
    }.ToFrozenDictionary();

    /// <summary>The value that a text names, or null for another text.</summary>
    public static T? Find<T>(FrozenDictionary<T, string> names, string text)
        where T : struct, Enum
    {
        foreach ((T value, string name) in names)
        {
            if (name == text)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>UTC to the microsecond, ISO 8601.</summary>
    public static string OfTime(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>Any ISO 8601 time with an offset, or null for another text.</summary>
    public static DateTimeOffset? ParseTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) ? time : null;

    public static long ToMicroseconds(DateTimeOffset time) => (time.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) => new(DateTime.UnixEpoch.Ticks + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
