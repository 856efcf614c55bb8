namespace HaloLab.Preferences.Importing;

/// <summary>A published form of labels on disk.</summary>
public interface ILabelFormat
{
    /// <summary>The name that users give it.</summary>
    string Name { get; }

    /// <summary>What it is, in one line.</summary>
    string Description { get; }

    /// <summary>Whether a file or folder looks like it; names of fields and files are enough.</summary>
    bool Recognises(string path);

    /// <summary>
    /// Reads the rows one by one. A row with something wrong in it is given with its problem, and reading goes on; what makes the rest
    /// unreadable is thrown.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="clips">Says which clip a video is.</param>
    /// <exception cref="InputException">The file cannot be read, or not further.</exception>
    IEnumerable<ImportedRow> Read(string path, ClipNames clips);
}
