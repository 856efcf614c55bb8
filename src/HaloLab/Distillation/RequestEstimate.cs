namespace HaloLab.Distillation;

/// <summary>What requests are expected to cost before any is sent.</summary>
/// <param name="Requests">How many.</param>
/// <param name="InputTokens">Tokens of the questions: pictures by the price table, text at four bytes a token.</param>
/// <param name="OutputTokens">Tokens of the answers, at <see cref="ChatTeacher.TokensPerPatch"/> a patch.</param>
/// <param name="Dollars">The expected cost.</param>
/// <param name="MostDollars">The most that one attempt at each can cost: what is reserved.</param>
public sealed record RequestEstimate(int Requests, long InputTokens, long OutputTokens, decimal Dollars, decimal MostDollars)
{
    public static RequestEstimate None { get; } = new(0, 0, 0, 0, 0);

    public static RequestEstimate operator +(RequestEstimate one, RequestEstimate other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return new(one.Requests + other.Requests, one.InputTokens + other.InputTokens, one.OutputTokens + other.OutputTokens, one.Dollars + other.Dollars, one.MostDollars + other.MostDollars);
    }

    /// <summary>The same as <c>+</c>.</summary>
    public static RequestEstimate Add(RequestEstimate left, RequestEstimate right) => left + right;
}
