using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>What one row of a file says.</summary>
/// <param name="Row">Its number; the first row of data is 1.</param>
/// <param name="Labels">Its labels; none where it has none, or where something is wrong.</param>
/// <param name="Problem">What is wrong with it, with file, row, field and expectation; null where nothing is.</param>
public sealed record ImportedRow(long Row, IReadOnlyList<StoredLabel> Labels, string? Problem = null)
{
    /// <summary>The labels that are read from a row, each checked, or the row's problem.</summary>
    internal static ImportedRow Of(RowFields row, Func<IReadOnlyList<StoredLabel>> read)
    {
        try
        {
            IReadOnlyList<StoredLabel> labels = read();
            foreach (StoredLabel label in labels)
            {
                label.Label.Validate();
            }

            return new ImportedRow(row.Row, labels);
        }
        catch (InputException exception)
        {
            return new ImportedRow(row.Row, [], row.Place(exception.Message));
        }
    }
}
