namespace HaloLab.Distillation;

/// <summary>What a response says.</summary>
/// <typeparam name="TAnswer">What an answer is read as.</typeparam>
/// <param name="Outcome">How it is understood.</param>
/// <param name="Value">The answer; null unless answered.</param>
/// <param name="Snapshot">The model that the service says answered.</param>
/// <param name="ResponseId">The service's identifier.</param>
/// <param name="InputTokens">Tokens of the question, null where the response does not say.</param>
/// <param name="CachedTokens">Those of them in the service's cache.</param>
/// <param name="OutputTokens">Tokens of the answer.</param>
/// <param name="Problem">What is wrong with it, or why the model declined; null where nothing is.</param>
internal sealed record ChatAnswer<TAnswer>(
    AttemptOutcome Outcome,
    TAnswer? Value,
    string? Snapshot,
    string? ResponseId,
    long? InputTokens,
    long? CachedTokens,
    long? OutputTokens,
    string? Problem)
    where TAnswer : class
{
    /// <summary>When it was on the disk.</summary>
    public DateTimeOffset When { get; init; }

    /// <summary>Whether asking again could not help: an answer, a refusal, a filter.</summary>
    public bool IsFinal => Outcome is AttemptOutcome.Answered or AttemptOutcome.Refused or AttemptOutcome.Filtered;
}
