using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;

namespace HaloLab.Experiments.Defects;

/// <summary>What scorers said of clips, by file: of scorers that were asked, or read from what `halolab score --with` wrote.</summary>
public sealed class ClipScores
{
    private readonly List<(string Name, IReadOnlyList<string> Dimensions)> _scorers = [];
    private readonly Dictionary<(string Scorer, string File), IReadOnlyList<double>> _scores = [];
    private readonly Dictionary<string, (IReadOnlyList<double> Qualities, IReadOnlyList<DefectType?>? Kinds)> _patches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private PatchRewardMeaning? _meaning;

    /// <summary>Why a clip has no score, by file.</summary>
    public IReadOnlyDictionary<string, string> Reasons => _reasons;

    /// <summary>Adds what a scorer said.</summary>
    /// <param name="scorer">The scorer; at most one of patches. Asked again it adds to what it said.</param>
    /// <param name="rows">A row for each clip.</param>
    public void Add(IVideoScorer scorer, IReadOnlyList<ScoredClip> rows)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(rows);
        if (!_scorers.Exists(known => known.Name == scorer.Name))
        {
            _scorers.Add((scorer.Name, scorer.Dimensions));
        }

        _meaning = (scorer as PatchRewardScorer)?.Meaning ?? _meaning;
        foreach (ScoredClip row in rows)
        {
            Add(row.Clip.File, scorer.Name, row.Scores, row.Patches, row.Reason);
        }
    }

    /// <summary>Reads files that `halolab score --with` wrote with the same models.</summary>
    /// <param name="paths">One or several <c>scores.json</c>.</param>
    /// <exception cref="InputException">A file cannot be read, or was written with other models than the first.</exception>
    public static ClipScores Read(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ClipScores scores = new();
        ScoresFile[] files = [.. paths.Select(JsonFile.Read<ScoresFile>)];
        foreach ((ScoresFile file, string path) in files.Zip(paths))
        {
            if (file.Clips.FirstOrDefault(clip => clip.File is null) is not null)
            {
                throw new InputException($"{path}: a clip has no 'file'. Expected what `halolab score --with` wrote.");
            }

            string Models(ScoresFile one) => string.Join('\n', one.Scorers.SelectMany(scorer => scorer.Sha256.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => $"{scorer.Name} {item.Key} {item.Value}")));
            if (Models(file) != Models(files[0]))
            {
                throw new InputException($"{path}: was scored with other models, or on another grid, than {paths[0]}. Score both with the same.");
            }

            foreach (ScoresFile.Clip clip in file.Clips)
            {
                foreach (ScoresFile.Scorer scorer in file.Scorers)
                {
                    scores.Add(clip.File, scorer.Name, clip.Scores.GetValueOrDefault(scorer.Name), scorer.Name == PatchRewardScorer.Kind ? clip.PatchRewards : null, clip.Missing.GetValueOrDefault(scorer.Name));
                }
            }
        }

        scores._scorers.AddRange(files[0].Scorers.Select(scorer => (scorer.Name, scorer.Dimensions)));
        scores._meaning = files[0].Patches;
        return scores;
    }

    /// <summary>The patch rewards.</summary>
    /// <exception cref="InputException">No scorer gave any.</exception>
    public PatchVerdicts Patches() => _meaning is { } meaning && _patches.Count > 0
        ? new PatchVerdicts("the patch reward model", PatchGrid.Parse(meaning.Grid), meaning is { Worst: { } worst, Best: { } best } ? (worst, best) : null, _patches)
        : throw new InputException("No patch is scored: expected `patch:FOLDER` among the scorers, and scores.json as this version of `halolab score --with patch:FOLDER` writes it.");

    /// <summary>Scores of the clips as a whole.</summary>
    /// <param name="wanted">A score by its name, with or without the scorer's in front; null: the mean of those of the last scorer, of which sums over patches do not count.</param>
    /// <exception cref="InputException">There is no such score.</exception>
    public VideoVerdicts Videos(string? wanted)
    {
        (string Scorer, string Name, int Place)[] all = [.. _scorers.SelectMany(scorer => scorer.Dimensions.Select((name, place) => (scorer.Name, name, place)))
            .Where(score => score.Name != PatchRewardScorer.Kind || _meaning is null || _meaning.VideoScores.Contains(score.name))];
        (string Scorer, string Name, int Place)[] chosen = wanted is null
            ? [.. all.Where(score => score.Scorer == all[^1].Scorer)]
            : [.. all.Where(score => string.Equals(score.Name, wanted, StringComparison.OrdinalIgnoreCase) || string.Equals($"{score.Scorer} {score.Name}", wanted, StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0 || (wanted is not null && chosen.Length > 1))
        {
            throw new InputException($"--video-score {wanted}: {(chosen.Length == 0 ? "no score is called that" : "several scores are called that")}. Expected one of {string.Join(", ", all.Select(score => $"{score.Scorer} {score.Name}").DefaultIfEmpty("none"))}.");
        }

        string name = wanted is null && chosen.Length > 1 ? $"mean of {chosen[0].Scorer}'s scores ({string.Join(", ", chosen.Select(score => score.Name))})" : $"{chosen[0].Scorer} {chosen[0].Name}";
        return new VideoVerdicts(name, _scores.Where(item => item.Key.Scorer == chosen[0].Scorer).ToDictionary(item => item.Key.File, item => chosen.Average(score => item.Value[score.Place]), StringComparer.Ordinal));
    }

    private void Add(string file, string scorer, IReadOnlyList<double>? scores, IReadOnlyList<double>? patches, string? reason)
    {
        if (scores is not null)
        {
            _scores[(scorer, file)] = scores;
        }

        if (patches is not null)
        {
            _patches[file] = (patches, null);
        }

        if (reason is not null)
        {
            _reasons[file] = reason;
        }
    }

    /// <summary>What of <c>scores.json</c> is read.</summary>
    private sealed record ScoresFile(IReadOnlyList<ScoresFile.Scorer> Scorers, IReadOnlyList<ScoresFile.Clip> Clips, PatchRewardMeaning? Patches = null)
    {
        public sealed record Scorer(string Name, IReadOnlyList<string> Dimensions, IReadOnlyDictionary<string, string> Sha256);

        public sealed record Clip(string File, IReadOnlyDictionary<string, IReadOnlyList<double>> Scores, IReadOnlyList<double>? PatchRewards, IReadOnlyDictionary<string, string> Missing);
    }
}
