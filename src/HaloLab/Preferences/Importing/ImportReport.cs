using System.Globalization;

namespace HaloLab.Preferences.Importing;

/// <summary>What a file holds, and what is wrong with it.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Format">Its format's name.</param>
/// <param name="Rows">Rows that were read.</param>
/// <param name="Labels">Labels in them, each once.</param>
/// <param name="Repeated">Labels that say again what an earlier row says.</param>
/// <param name="Videos">Videos that the rows name.</param>
/// <param name="ProblemCount">How many rows have something wrong.</param>
/// <param name="Problems">The first of them, at most <see cref="MostProblems"/>.</param>
public sealed record ImportReport(string Path, string Format, long Rows, long Labels, long Repeated, IReadOnlyCollection<ClipNames.Video> Videos, long ProblemCount, IReadOnlyList<string> Problems)
{
    /// <summary>Problems that are kept; a file that is wrong in every row is wrong in one way.</summary>
    public const int MostProblems = 20;

    /// <exception cref="InputException">Something is wrong; the message has every problem that was kept.</exception>
    public void RequireGood()
    {
        if (ProblemCount > 0)
        {
            string rest = ProblemCount > Problems.Count ? string.Create(CultureInfo.InvariantCulture, $"\n... and {ProblemCount - Problems.Count:#,0} more.") : "";
            throw new InputException(string.Join('\n', Problems) + rest);
        }
    }
}
