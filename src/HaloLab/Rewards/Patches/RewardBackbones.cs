namespace HaloLab.Rewards.Patches;

/// <summary>The backbones that can be named: <c>KIND</c> or <c>KIND:FOLDER</c>.</summary>
public sealed class RewardBackbones
{
    private readonly OrderedDictionary<string, (Func<string, IRewardBackbone> Open, string? DefaultFolder)> _kinds;

    private RewardBackbones(OrderedDictionary<string, (Func<string, IRewardBackbone> Open, string? DefaultFolder)> kinds) => _kinds = kinds;

    /// <summary>Published models, each from a folder of the user's.</summary>
    public static RewardBackbones Published { get; } = new(new OrderedDictionary<string, (Func<string, IRewardBackbone> Open, string? DefaultFolder)>
    {
        ["videoreward"] = (VideoRewardBackbone.Open, null),
        ["videoscore"] = (VideoScoreBackbone.Open, null),
        ["viclip"] = (ViClipBackbone.Open, null),
    });

    /// <summary>Their names.</summary>
    public IReadOnlyCollection<string> Kinds => _kinds.Keys;

    /// <summary>These and one more.</summary>
    /// <param name="kind">Its name.</param>
    /// <param name="open">Reads it from a folder.</param>
    /// <param name="defaultFolder">Where it lies when no folder is named.</param>
    public RewardBackbones With(string kind, Func<string, IRewardBackbone> open, string defaultFolder) => new(new(_kinds) { [kind] = (open, defaultFolder) });

    /// <summary>Reads a name such as <c>videoreward:models/VideoReward</c>.</summary>
    /// <exception cref="InputException">There is no such kind or folder.</exception>
    public (string Kind, string Folder) Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? name : name[..colon];
        if (!_kinds.TryGetValue(kind, out (Func<string, IRewardBackbone> Open, string? DefaultFolder) known) || (colon < 0 && known.DefaultFolder is null))
        {
            throw new InputException($"'{name}': expected {string.Join(", ", _kinds.Select(item => item.Value.DefaultFolder is null ? $"{item.Key}:FOLDER" : item.Key))}.");
        }

        string folder = colon < 0 ? known.DefaultFolder! : name[(colon + 1)..];
        return Directory.Exists(folder) ? (kind, folder) : throw new InputException($"{folder}: no such folder. Expected the folder of {kind}; docs/rewards.md says what it holds.");
    }

    /// <summary>Reads the model.</summary>
    /// <exception cref="InputException">The kind is not known, or a file is missing, broken, or does not fit the others.</exception>
    public IRewardBackbone Open(string kind, string folder) => _kinds.TryGetValue(kind, out (Func<string, IRewardBackbone> Open, string? DefaultFolder) known)
        ? known.Open(folder)
        : throw new InputException($"The backbone '{kind}' is not known here. Expected one of {string.Join(", ", Kinds)}.");
}
