using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Scorers;

/// <summary>Features of clips in place of scores, so that they are kept as scores are. No judgement: they serve distances between sets of clips.</summary>
/// <param name="source">Whose features; it becomes this object's.</param>
public sealed class FeatureScorer(IClipFeatures source) : IVideoScorer
{
    /// <inheritdoc/>
    public string Name => source.Name + "-features";

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <summary>One name for all the numbers.</summary>
    public IReadOnlyList<string> Dimensions { get; } = ["features"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes => source.Hashes;

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt) => source.FeaturesOf(clip);

    public void Dispose() => source.Dispose();
}
