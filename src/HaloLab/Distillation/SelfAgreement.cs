using HaloLab.Statistics;

namespace HaloLab.Distillation;

/// <summary>How well a teacher agrees with itself when the same patch is shown again.</summary>
/// <param name="Dimension">The dimension.</param>
/// <param name="Pairs">Patches with both grades.</param>
/// <param name="Same">Share of them with the same grade; null without pairs.</param>
/// <param name="WithinOne">Share of them at most one grade apart.</param>
/// <param name="Alpha">Krippendorff's alpha of grades as intervals; null where all grades are one.</param>
public sealed record SelfAgreement(GradeDimension Dimension, int Pairs, double? Same, double? WithinOne, double? Alpha)
{
    /// <summary>Compares patches that one request showed twice, by dimension.</summary>
    public static IReadOnlyList<SelfAgreement> OfDuplicates(IEnumerable<TeacherLabel> labels, IEnumerable<TeacherLabel> checks) =>
        Of(labels.Concat(checks.Where(check => check.Check == CheckKind.Repeat)), checks.Where(check => check.Check == CheckKind.Duplicate), check => check.Repeat);

    /// <summary>Compares the second grading of clips with the first, by dimension.</summary>
    public static IReadOnlyList<SelfAgreement> OfRepeats(IReadOnlyCollection<TeacherLabel> labels, IReadOnlyCollection<TeacherLabel> checks) =>
        Of(labels, checks.Where(check => check.Check == CheckKind.Repeat), _ => 0);

    private static SelfAgreement[] Of(IEnumerable<TeacherLabel> labels, IEnumerable<TeacherLabel> checks, Func<TeacherLabel, int> gradingOf)
    {
        Dictionary<(string, string, int, GradeDimension, int), TeacherLabel> first = labels.ToDictionary(label => (label.Clip, label.Prompt, label.Cell, label.Dimension, label.Repeat));
        ILookup<GradeDimension, (double First, double Second)> pairs = checks
            .Select(check => (check.Dimension, First: first.GetValueOrDefault((check.Clip, check.Prompt, check.Cell, check.Dimension, gradingOf(check)))?.Value, Second: check.Value))
            .Where(pair => pair.First is not null && pair.Second is not null)
            .ToLookup(pair => pair.Dimension, pair => (pair.First!.Value, pair.Second!.Value));
        return [.. Enum.GetValues<GradeDimension>().Select(dimension => Of(dimension, [.. pairs[dimension]]))];
    }

    private static SelfAgreement Of(GradeDimension dimension, (double First, double Second)[] pairs)
    {
        if (pairs.Length == 0)
        {
            return new SelfAgreement(dimension, 0, null, null, null);
        }

        double alpha = KrippendorffAlpha.Compute([.. pairs.Select(pair => new[] { pair.First, pair.Second })], MeasurementLevel.Interval);
        return new SelfAgreement(
            dimension,
            pairs.Length,
            pairs.Average(pair => pair.First == pair.Second ? 1.0 : 0.0),
            pairs.Average(pair => Math.Abs(pair.First - pair.Second) <= 1 ? 1.0 : 0.0),
            double.IsNaN(alpha) ? null : alpha);
    }
}
