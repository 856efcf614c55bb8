using HaloLab.Statistics;

namespace HaloLab.Evaluation.Agreement;

/// <summary>How one annotator rates, beside the others.</summary>
/// <param name="Annotator">Who.</param>
/// <param name="Ratings">How many ratings.</param>
/// <param name="Difference">Mean of own rating less the mean of the others' of the same unit: above 0 is higher. Undefined for kinds of defects.</param>
/// <param name="AlphaWithout">Krippendorff's α of all the others: where it is clearly above that of everyone, this annotator understood something else.</param>
/// <param name="DisagreementOfCells">Mean distance to the others' mean at each place of the grid, NaN where there is none; empty for whole videos and kinds of defects.</param>
public sealed record AnnotatorHabit(string Annotator, int Ratings, Interval Difference, double AlphaWithout, IReadOnlyList<double> DisagreementOfCells);
