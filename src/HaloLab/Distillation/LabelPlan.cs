namespace HaloLab.Distillation;

/// <summary>What a run of labelling has to do, known before anything is sent.</summary>
/// <param name="Clips">Clips that can be graded.</param>
/// <param name="Refused">Clips that are not sent, with why.</param>
/// <param name="Outstanding">Requests without a stored answer, and what they would cost; nothing for a teacher that costs nothing.</param>
/// <param name="Stored">Requests with a stored answer.</param>
public sealed record LabelPlan(IReadOnlyList<PromptedClip> Clips, IReadOnlyList<RefusedClip> Refused, RequestEstimate Outstanding, int Stored);
