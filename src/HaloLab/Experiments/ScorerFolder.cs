using HaloLab.Evaluation.Scorers;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Rewards.VideoReward;
using HaloLab.Rewards.VideoScore;

namespace HaloLab.Experiments;

/// <summary>A scorer as a user names it: <c>KIND:FOLDER</c>, or <c>KIND</c> where there is no model.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Folder">Its folder; empty where there is no model.</param>
public sealed record ScorerFolder(string Kind, string Folder)
{
    private static readonly Dictionary<string, Func<string, PatchScoring, IVideoScorer>> Opening = new(StringComparer.Ordinal)
    {
        ["videoreward"] = (folder, _) => VideoRewardScorer.Open(folder),
        ["videoscore"] = (folder, _) => VideoScoreScorer.Open(folder),
        [PatchRewardScorer.Kind] = PatchRewardScorer.Open,
        [DinoScorer.Kind] = (folder, _) => DinoScorer.Open(folder),
        [ClipScorer.Kind] = (folder, _) => ClipScorer.Open(folder),
        [ViClipScorer.Kind] = (folder, _) => ViClipScorer.Open(folder),
        [FlickeringScorer.Kind] = (_, _) => new FlickeringScorer(),
        [SmoothnessScorer.Kind] = (_, _) => new SmoothnessScorer(),
        [DynamicsScorer.Kind] = (_, _) => new DynamicsScorer(),
        [AppearanceScorer.Kind] = (_, _) => new AppearanceScorer(),
    };

    private static readonly string[] OfFeatures = [DinoScorer.Kind, ClipScorer.Kind, ViClipScorer.Kind];

    private static readonly string[] WithoutModel = [FlickeringScorer.Kind, SmoothnessScorer.Kind, DynamicsScorer.Kind, AppearanceScorer.Kind];

    /// <summary>The scorers that can be opened.</summary>
    public static IReadOnlyCollection<string> Kinds => Opening.Keys;

    /// <summary>How they are named.</summary>
    public static string Expected => $"KIND:FOLDER with one of {string.Join(", ", Kinds.Except(WithoutModel))}, or {string.Join(" or ", WithoutModel)} alone";

    /// <summary>How what needs a reference is named.</summary>
    public static string ExpectedDistances => $"KIND:FOLDER with one of {string.Join(", ", OfFeatures)} for distances between sets of features, {string.Join(" or ", LikenessScorer.Kinds)} alone for the likeness of pairs";

    /// <summary>Reads a list such as <c>videoreward:models/VideoReward,videoscore:models/VideoScore,flickering</c>.</summary>
    /// <exception cref="InputException">An entry is no such pair, names an unknown kind or a missing folder, or stands twice.</exception>
    public static IReadOnlyList<ScorerFolder> Parse(string text) => Parse(text, [.. Kinds.Except(WithoutModel)], WithoutModel, Expected);

    /// <summary>Reads a list such as <c>viclip:models/viclip,psnr</c> of what is measured against a reference.</summary>
    /// <exception cref="InputException">As <see cref="Parse(string)"/>.</exception>
    public static IReadOnlyList<ScorerFolder> ParseDistances(string text) => Parse(text, OfFeatures, LikenessScorer.Kinds, ExpectedDistances);

    private static List<ScorerFolder> Parse(string text, IReadOnlyCollection<string> withFolder, IReadOnlyCollection<string> alone, string expected)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<ScorerFolder> scorers = [];
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            ScorerFolder scorer = colon > 0 ? new(entry[..colon], entry[(colon + 1)..]) : new(entry, "");
            if (!(scorer.Folder.Length == 0 ? alone : withFolder).Contains(scorer.Kind))
            {
                throw new InputException($"'{entry}': expected {expected}.");
            }

            if (scorer.Folder.Length > 0 && !Directory.Exists(scorer.Folder))
            {
                throw new InputException($"{scorer.Folder}: no such folder. Expected the folder of {scorer.Kind}; docs/rewards.md says what it holds.");
            }

            if (scorers.Exists(other => other.Kind == scorer.Kind))
            {
                throw new InputException($"{scorer.Kind} is named twice. Score with one folder of it at a time.");
            }

            scorers.Add(scorer);
        }

        return scorers.Count > 0 ? scorers : throw new InputException($"No scorer is named. Expected {expected}.");
    }

    /// <summary>Loads the model.</summary>
    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public IVideoScorer Open() => Open(new PatchScoring());

    /// <summary>Loads the model for the features of clips.</summary>
    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public FeatureScorer OpenFeatures() => new((IClipFeatures)Open());

    /// <summary>Loads the model.</summary>
    /// <param name="patches">What a patch reward model is asked about.</param>
    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public IVideoScorer Open(PatchScoring patches) => Opening[Kind](Folder, patches);
}
