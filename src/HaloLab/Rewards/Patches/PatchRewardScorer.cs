using HaloLab.Videos;

namespace HaloLab.Rewards.Patches;

/// <summary>A <see cref="PatchRewardModel"/> as a scorer of clips: its video rewards, the mean and the worst of its patch rewards, and the patch rewards themselves, from one pass.</summary>
public sealed class PatchRewardScorer : IVideoScorer
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "patch";

    private readonly PatchRewardModel _model;
    private readonly PatchScoring _scoring;

    private PatchRewardScorer(string folder, PatchScoring scoring)
    {
        _scoring = scoring;
        _model = PatchRewardModel.Open(folder, scoring.Backbones);
        Dictionary<string, string> hashes = _model.Backbone.Hashes.ToDictionary(item => $"{_model.Backbone.Kind}/{item.Key}", item => item.Value);
        foreach (string path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            hashes.Add(Path.GetRelativePath(folder, path), FileHash.Of(path));
        }

        hashes.Add("grid", FormattableString.Invariant($"{scoring.Grid} on latents of stride {scoring.TemporalStride}x{scoring.SpatialStride}"));
        Hashes = hashes;
        Dimensions = [.. _model.Backbone.ScoreNames, .. _model.PatchDimensions.SelectMany(dimension => new[] { dimension.Name + " mean", dimension.Name + " worst" })];
    }

    /// <inheritdoc/>
    public string Name => Kind;

    /// <summary>The backbone's video scores, then of each dimension of the patch head the mean over the patches and the worst patch.</summary>
    public IReadOnlyList<string> Dimensions { get; }

    /// <summary>The backbone's video scores alone.</summary>
    public IReadOnlyList<string> BackboneScores => _model.Backbone.ScoreNames;

    /// <summary>The model's and the backbone's files, and the grid.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>The best that a patch can be, where grades have an end.</summary>
    public double? BestGrade => Meaning.Best;

    /// <summary>What the numbers mean.</summary>
    public PatchRewardMeaning Meaning => new(_scoring.Grid.ToString(), Mean(grades => grades.Worst), Mean(grades => grades.Best), _model.Backbone.ScoreNames);

    /// <summary>Reads a model for the patches asked for.</summary>
    /// <exception cref="InputException">A file is missing, broken or another one.</exception>
    public static PatchRewardScorer Open(string folder, PatchScoring scoring)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(scoring);
        return new PatchRewardScorer(folder, scoring);
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt) => ScoreWithPatches(clip, prompt).Scores;

    /// <summary>The scores, and the mean over dimensions of each patch's rewards in the order t, h, w.</summary>
    public (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreWithPatches(VideoClip clip, string prompt)
    {
        ScoredPatches scored = _model.Score(clip, prompt, PatchCells(clip));
        return ([.. scored.Video, .. scored.Patches.SelectMany(patches => new[] { patches.Average(), patches.Min() })], scored.Mean());
    }

    /// <inheritdoc cref="IVideoScorer.PatchCells"/>
    public LatticeEdges PatchCells(VideoClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return _scoring.Cells(_scoring.Grid, clip.Frames, clip.Height, clip.Width);
    }

    LatticeEdges? IVideoScorer.PatchCells(VideoClip clip) => _model.PatchDimensions.Count == 0 ? null : PatchCells(clip);

    public void Dispose() => _model.Dispose();

    /// <summary>Patch rewards are means over dimensions, and so are their ends.</summary>
    private double? Mean(Func<GradeRange, double> end) =>
        _model.PatchDimensions.Count > 0 && _model.PatchDimensions.All(dimension => dimension.Scale.Grades is not null) ? _model.PatchDimensions.Average(dimension => end(dimension.Scale.Grades!.Value)) : null;
}
