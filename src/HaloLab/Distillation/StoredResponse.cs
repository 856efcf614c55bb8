namespace HaloLab.Distillation;

/// <summary>A response in the ledger.</summary>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="Outcome">How it was understood when it came.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="When">When it came.</param>
public sealed record StoredResponse(long Attempt, AttemptOutcome Outcome, int Status, byte[] Body, DateTimeOffset When);
