using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Scorers;

/// <summary>VBench's temporal flickering (<see cref="VBench.VBenchFormulas.Flickering"/>): 1 where nothing changes from frame to frame, so a still video is best. Needs no model.</summary>
public sealed class FlickeringScorer : IVideoScorer
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "flickering";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["temporal flickering"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    /// <summary>0 to 1.</summary>
    /// <exception cref="InputException">The clip has a single frame.</exception>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        VideoFrames.RequireSeveral(clip, Dimensions[0]);
        return [1 - VideoFrames.MeanChange(clip)];
    }

    public void Dispose()
    {
    }
}
