using HaloLab.Evaluation.VBench;
using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Models.ViClip;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>VBench's overall consistency: cosine of ViCLIP's features of a clip and of its prompt.</summary>
public sealed class ViClipScorer : IClipFeatures
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "viclip";

    private readonly ViClipModel _model;
    private readonly ClipTokenizer _tokenizer;

    private ViClipScorer(string folder)
    {
        (ViClipModel model, Hashes) = ViClipFolder.Load(folder);
        _model = model.ReadyForUse();
        _tokenizer = ClipTokenizer.OpenAi(_model.Options.Towers.ContextLength);
    }

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["overall consistency"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">The checkpoint is missing, broken, or not ViCLIP's.</exception>
    public static ViClipScorer Open(string folder) => new(folder);

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor text_1D = _model.text_encoder.call(tensor(_tokenizer.Encode(prompt)).unsqueeze(0).to(Compute.Device));
        return [ClipModel.Cosine(Encode(clip), text_1D).item<float>()];
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> FeaturesOf(VideoClip clip)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return VideoFrames.Mean(Encode(clip));
    }

    /// <summary>Features of the clip as a whole, [1, D].</summary>
    private Tensor Encode(VideoClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        Tensor frames_TCHW = clip.ToFrames(VBenchFormulas.MiddleFrames(clip.Frames, _model.Options.Frames)).to(Compute.Device);
        Tensor pixels_TCHW = ClipPreprocessing.Apply(frames_TCHW, _model.Options.Towers.ImageSize, ClipPixels.Rounded);
        return _model.vision_encoder.call(pixels_TCHW.transpose(0, 1).unsqueeze(0));
    }

    public void Dispose() => _model.Dispose();
}
