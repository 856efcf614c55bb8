namespace HaloLab.Preferences;

/// <summary>What a file of pairs held.</summary>
/// <param name="Pairs">Every pair once, in the order of the file.</param>
/// <param name="Repeated">Rows that repeat an earlier row, with that row's number: (row, earlier row). They say the same and were left out.</param>
/// <param name="TiedRows">Rows whose rewards are equal and that have no patch rewards: nothing can be learned from them.</param>
/// <param name="IgnoredFields">Fields that nothing was read from.</param>
public sealed record VideoPairTable(
    IReadOnlyList<VideoPair> Pairs, IReadOnlyList<VideoPairTable.Repeat> Repeated, IReadOnlyList<int> TiedRows, IReadOnlyList<string> IgnoredFields)
{
    /// <summary>A row that says what an earlier one said.</summary>
    public sealed record Repeat(int Row, int Earlier);
}
