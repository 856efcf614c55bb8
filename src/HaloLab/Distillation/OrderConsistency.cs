using HaloLab.Preferences.Labels;

namespace HaloLab.Distillation;

/// <summary>How a teacher's choices hold when the clips of a pair change places.</summary>
/// <param name="Dimension">The dimension.</param>
/// <param name="Patches">Patches answered in both orders.</param>
/// <param name="A">Of them, those where A is better in both.</param>
/// <param name="B">Those where B is.</param>
/// <param name="Same">Those without a difference in both orders.</param>
/// <param name="Inconsistent">Those whose answers contradict each other; they count as ties.</param>
/// <param name="FirstFavoured">Share of all decided answers that chose the clip shown first: 0.5 is no favour; null where none was decided.</param>
public sealed record OrderConsistency(GradeDimension Dimension, int Patches, int A, int B, int Same, int Inconsistent, double? FirstFavoured)
{
    /// <summary>Counts labels by dimension.</summary>
    public static IReadOnlyList<OrderConsistency> Of(IEnumerable<PairLabel> labels)
    {
        ILookup<GradeDimension, PairLabel> byDimension = labels.Where(label => label.Choice is not null).ToLookup(label => label.Dimension);
        return [.. Enum.GetValues<GradeDimension>().Select(dimension => Of(dimension, [.. byDimension[dimension]]))];
    }

    private static OrderConsistency Of(GradeDimension dimension, PairLabel[] labels)
    {
        int Agreed(PairChoice choice) => labels.Count(label => label.ChoiceInOrder == choice && label.ChoiceSwapped == choice);

        // In order the first is A, swapped it is B.
        int first = labels.Sum(label => (label.ChoiceInOrder == PairChoice.A ? 1 : 0) + (label.ChoiceSwapped == PairChoice.B ? 1 : 0));
        int decided = labels.Sum(label => (label.ChoiceInOrder == PairChoice.Same ? 0 : 1) + (label.ChoiceSwapped == PairChoice.Same ? 0 : 1));
        return new OrderConsistency(
            dimension,
            labels.Length,
            Agreed(PairChoice.A),
            Agreed(PairChoice.B),
            Agreed(PairChoice.Same),
            labels.Count(label => label.ChoiceInOrder != label.ChoiceSwapped),
            decided == 0 ? null : (double)first / decided);
    }
}
