using HaloLab.Evaluation.VBench;
using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// CLIP's view of the frames: VBench's background consistency (likeness of their features), the CLIP score (mean cosine of frames and prompt) and, with LAION's head in the
/// folder, VBench's aesthetic quality. VBench takes ViT-B/32 for the first and ViT-L/14 for the last.
/// </summary>
public sealed class ClipScorer : IClipFeatures
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "clip";

    private readonly ClipModel _model;
    private readonly (Tensor Weight_1D, Tensor Bias_1)? _aesthetic;
    private readonly ClipTokenizer _tokenizer;

    private ClipScorer(string folder)
    {
        (ClipModel model, _aesthetic, Hashes) = ClipFolder.Load(folder);
        _model = model.ReadyForUse();
        _tokenizer = ClipTokenizer.OpenClip(_model.Options.ContextLength);
        Dimensions = _aesthetic is null ? ["background consistency", "CLIP score"] : ["background consistency", "CLIP score", "aesthetic quality"];
    }

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static ClipScorer Open(string folder) => new(folder);

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        VideoFrames.RequireSeveral(clip, Dimensions[0]);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor features_TD = FramesOf(clip);
        Tensor text_1D = _model.EncodeTexts(tensor(_tokenizer.Encode(prompt)).unsqueeze(0).to(Compute.Device));
        double clipScore = ClipModel.Cosine(features_TD, text_1D).mean().item<float>();
        double consistency = VBenchFormulas.Consistency(features_TD).Mean;
        return _aesthetic is { } head ? [consistency, clipScore, VBenchFormulas.Aesthetic(features_TD, head.Weight_1D, head.Bias_1).Mean] : [consistency, clipScore];
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> FeaturesOf(VideoClip clip)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return VideoFrames.Mean(FramesOf(clip));
    }

    private Tensor FramesOf(VideoClip clip) => VideoFrames.Features(clip, frames_NCHW => _model.EncodeImages(ClipPreprocessing.Apply(frames_NCHW, _model.Options.ImageSize, ClipPixels.Unrounded)));

    public void Dispose()
    {
        _model.Dispose();
        _aesthetic?.Weight_1D.Dispose();
        _aesthetic?.Bias_1.Dispose();
    }
}
