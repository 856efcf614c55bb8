namespace HaloLab.GranDpo;

/// <summary>Mean energies of the better and the worse side, under the policy and under the reference; null where nothing is untied.</summary>
public sealed record SideErrors(double? PolicyBetter, double? PolicyWorse, double? ReferenceBetter, double? ReferenceWorse);
