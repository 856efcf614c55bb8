namespace HaloLab.TeacherEndpoint;

/// <summary>One line of the endpoint's log.</summary>
/// <param name="Number">Order of arrival, from 1.</param>
/// <param name="Path">Address form.</param>
/// <param name="Body">SHA-256 of the request's body: the same question has the same.</param>
/// <param name="Fault">What went wrong.</param>
/// <param name="Dollars">What was charged.</param>
/// <param name="InputTokens">Tokens of the question.</param>
/// <param name="OutputTokens">Tokens of the answer.</param>
public sealed record ChargedRequest(int Number, string Path, string Body, Fault Fault, decimal Dollars, long InputTokens, long OutputTokens);
