using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>When and from where labels are recorded.</summary>
internal sealed record Recording(DateTimeOffset At, string Source)
{
    /// <summary>Now, from a file or folder.</summary>
    public static Recording From(string path) => new(
        LabelText.FromMicroseconds(LabelText.ToMicroseconds(TimeProvider.System.GetUtcNow())), Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))));

    public StoredLabel Of(Label label) => new(label, 0, true, At, Source);
}
