namespace HaloLab.Distillation;

/// <summary>What a run of comparisons has to do, known before anything is sent.</summary>
/// <param name="Pairs">All pairs of clips of one prompt.</param>
/// <param name="Refused">Clips that are not sent, with why.</param>
/// <param name="Outstanding">Requests without a stored answer, and what they would cost.</param>
/// <param name="Stored">Requests with a stored answer.</param>
public sealed record PairPlan(IReadOnlyList<PromptedPair> Pairs, IReadOnlyList<RefusedClip> Refused, RequestEstimate Outstanding, int Stored);
