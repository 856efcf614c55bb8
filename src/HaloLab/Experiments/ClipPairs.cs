using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>Preference pairs of scored clips: what a reward model says of the candidates of each prompt, as a file that <c>halolab train</c> reads.</summary>
public sealed class ClipPairs
{
    private const string Overall = "Overall";

    private readonly Dictionary<(string Prompt, string Id), string> _files = [];

    /// <param name="rows">What the scorer said; clips without scores are left out.</param>
    /// <param name="dimensions">What its scores are called.</param>
    /// <param name="backboneScores">Those of them that are the backbone's own video scores.</param>
    /// <param name="grid">The patches that it was asked about.</param>
    /// <param name="reward">Weights of the scores that make the video reward; null for <c>Overall</c> where there is one, else the mean of the backbone's scores.</param>
    /// <param name="options">Which pairs are made.</param>
    /// <exception cref="InputException">A score is not there.</exception>
    public ClipPairs(IReadOnlyList<ScoredClip> rows, IReadOnlyList<string> dimensions, IReadOnlyList<string> backboneScores, PatchGrid grid, RewardAggregation? reward, PairBuilderOptions options)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(dimensions);
        ArgumentNullException.ThrowIfNull(backboneScores);
        IReadOnlyDictionary<string, double> weights = reward?.Weights
            ?? (backboneScores.Contains(Overall) ? new Dictionary<string, double> { [Overall] = 1 } : backboneScores.ToDictionary(name => name, _ => 1.0 / backboneScores.Count));
        string? unknown = weights.Keys.FirstOrDefault(name => !dimensions.Contains(name));
        if (unknown is not null || weights.Count == 0)
        {
            throw new InputException($"--reward: the model has no score '{unknown}'. Expected one or several of {string.Join(", ", dimensions)}.");
        }

        Reward = weights;
        (int Place, double Weight)[] places = [.. dimensions.Index().Where(item => weights.ContainsKey(item.Item)).Select(item => (item.Index, weights[item.Item]))];
        Set = PairBuilder.Build(
            rows.Where(row => row.Scores is not null).GroupBy(row => row.Clip.Prompt).Select(prompt => new PromptCandidates(prompt.Key, [.. prompt.Select(Candidate)])),
            options);

        Candidate Candidate(ScoredClip row)
        {
            string id = FileHash.Of(row.Clip.File);
            _files.TryAdd((row.Clip.Prompt, id), row.Clip.File);
            return new Candidate(
                id,
                places.Sum(item => item.Weight * row.Scores![item.Place]),
                row.Patches is null ? null : new PatchRewards(grid, [.. row.Patches.Select(patch => (double?)patch)]));
        }
    }

    /// <summary>The pairs, and why the other combinations became none.</summary>
    public PairSet Set { get; }

    /// <summary>What the video reward was made of.</summary>
    public IReadOnlyDictionary<string, double> Reward { get; }

    /// <summary>Writes the pairs.</summary>
    /// <param name="path">A <c>.jsonl</c>.</param>
    public void Write(string path) => VideoPairFile.Write(path, Set.Pairs, (prompt, id) => _files[(prompt, id)]);
}
