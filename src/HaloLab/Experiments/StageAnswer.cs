using HaloLab.Optimisation;

namespace HaloLab.Experiments;

/// <summary>What a <see cref="StageWorker"/> says about the stage that it was asked for, a line of JSON; one part is there, the last line has one of the last two.</summary>
/// <param name="Folder">It starts to compute there.</param>
/// <param name="Share">So much is done, 0 to 1.</param>
/// <param name="Result">It is finished.</param>
/// <param name="Error">It failed, and why.</param>
internal sealed record StageAnswer(string? Folder = null, double? Share = null, StageResult? Result = null, string? Error = null)
{
    /// <summary>What is recorded of a failure: the message where it says what is wrong, else all there is.</summary>
    public static string ErrorOf(Exception exception) => exception is InputException or DivergenceException ? exception.Message : exception.ToString();
}
