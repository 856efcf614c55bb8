namespace HaloLab.Preferences.Importing;

/// <summary>
/// Says which clip a row of a file means. A video that is there is known by its content, so that one clip is one clip in every source; without
/// the videos a clip is known by its published name, <c>SOURCE:NAME</c>.
/// </summary>
public sealed class ClipNames
{
    private readonly string? _folder;
    private readonly Dictionary<string, string>? _known;
    private readonly Dictionary<string, Video> _met = new(StringComparer.Ordinal);

    private ClipNames(string? folder, bool isByName, Dictionary<string, string>? known)
    {
        _folder = folder;
        IsByName = isByName;
        _known = known;
    }

    /// <summary>Whether clips are known by their published names.</summary>
    public bool IsByName { get; }

    /// <summary>The videos that rows named, each once, in the order of meeting.</summary>
    public IReadOnlyCollection<Video> Met => _met.Values;

    /// <summary>Clips by their published names; no video is looked for.</summary>
    public static ClipNames ByName() => new(null, isByName: true, null);

    /// <summary>Clips by their content.</summary>
    /// <param name="folder">Where the videos lie; null for where the file that names them lies.</param>
    public static ClipNames ByContent(string? folder = null) => new(folder, isByName: false, null);

    /// <summary>The same, now that the videos' contents are known.</summary>
    /// <param name="clips">Content hash by full path.</param>
    internal ClipNames Knowing(Dictionary<string, string> clips) => new(_folder, IsByName, clips);

    /// <summary>The clip in a video file.</summary>
    /// <param name="source">The format's name, before the colon where clips are known by name.</param>
    /// <param name="fileFolder">Where the file that names the video lies.</param>
    /// <param name="name">The path as the file has it.</param>
    /// <param name="prompt">What the video was generated from, where known.</param>
    /// <exception cref="InputException">There is no such video.</exception>
    internal string Of(string source, string fileFolder, string name, string? prompt)
    {
        // "./videos/a.mp4" and "videos/a.mp4" are one name.
        string plain = Path.GetRelativePath("/", Path.GetFullPath(name, "/"));
        if (IsByName)
        {
            return $"{source}:{plain}";
        }

        string path = Path.GetFullPath(Path.Combine(_folder ?? fileFolder, name));
        if (_known is not null)
        {
            return _known[path];
        }

        if (!_met.ContainsKey(path))
        {
            if (!File.Exists(path))
            {
                throw new InputException($"there is no video {path}. Expected it there; give the folder that '{name}' starts from with --videos, or import without the videos: --by-name");
            }

            _met.Add(path, new Video(path, plain, prompt));
        }

        // Stands for the clip until its content is known.
        return $"file:{path}";
    }

    /// <summary>A video file that a row names.</summary>
    /// <param name="Path">Full path.</param>
    /// <param name="Name">As the source has it.</param>
    /// <param name="Prompt">What it was generated from, where known.</param>
    public sealed record Video(string Path, string Name, string? Prompt);
}
