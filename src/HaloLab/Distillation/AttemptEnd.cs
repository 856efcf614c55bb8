namespace HaloLab.Distillation;

/// <summary>What the ledger keeps of a finished attempt.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Charged">Dollars it cost; null where that is unknown, and the reservation stays charged.</param>
/// <param name="Status">HTTP status, null where none came.</param>
/// <param name="Response">The body as it came, less the key; null where none came.</param>
/// <param name="Snapshot">The model that the service says answered.</param>
/// <param name="InputTokens">Tokens of the question by the service's count.</param>
/// <param name="CachedTokens">Those of them that were in its cache.</param>
/// <param name="OutputTokens">Tokens of the answer.</param>
public sealed record AttemptEnd(
    AttemptOutcome Outcome,
    decimal? Charged,
    int? Status = null,
    byte[]? Response = null,
    string? Snapshot = null,
    long? InputTokens = null,
    long? CachedTokens = null,
    long? OutputTokens = null);
