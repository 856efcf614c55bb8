using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Scorers;

/// <summary>A scorer whose network turns a clip into one vector of features.</summary>
public interface IClipFeatures : IVideoScorer
{
    /// <summary>The clip's features, not scaled to length 1: of a network for pictures the mean over the frames, which does not see motion, of one for videos its own.</summary>
    /// <param name="clip">At least one frame.</param>
    IReadOnlyList<double> FeaturesOf(VideoClip clip);
}
