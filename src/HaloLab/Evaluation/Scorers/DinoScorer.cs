using HaloLab.Evaluation.VBench;
using HaloLab.Models.Dino;
using HaloLab.Models.Layers;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>VBench's subject consistency: likeness of the frames' DINO features.</summary>
public sealed class DinoScorer : IClipFeatures
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "dino";

    private readonly DinoVision _model;

    private DinoScorer(string folder)
    {
        (DinoVision model, Hashes) = DinoFolder.Load(folder);
        _model = model.ReadyForUse();
    }

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["subject consistency"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">The checkpoint is missing, broken, or not DINO's.</exception>
    public static DinoScorer Open(string folder) => new(folder);

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        VideoFrames.RequireSeveral(clip, Dimensions[0]);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return [VBenchFormulas.Consistency(FramesOf(clip)).Mean];
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> FeaturesOf(VideoClip clip)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return VideoFrames.Mean(FramesOf(clip));
    }

    private Tensor FramesOf(VideoClip clip) => VideoFrames.Features(clip, frames_NCHW => _model.call(DinoVision.Preprocess(frames_NCHW, _model.Options.ImageSize)));

    public void Dispose() => _model.Dispose();
}
