using System.Globalization;
using HaloLab.Evaluation.VBench;
using HaloLab.Rewards;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// VBench's motion smoothness from frames that an interpolator (VBench: AMT) put between every second one: <c>NAME.interpolated.safetensors</c> beside the clip, with the tensor
/// <c>interpolated</c> of bytes, [(T − 1) / 2, H, W, 3], the pictures between frames 0 and 2, 2 and 4, and so on.
/// </summary>
public sealed class SmoothnessScorer : IVideoScorer
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "smoothness";

    private const string What = "interpolated";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["motion smoothness"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Beside(string file) => [GivenFile.Of(file, What, "bytes of (frames - 1) / 2 x height x width x 3, the pictures that an interpolator puts between every second frame")];

    /// <summary>A clip alone has no interpolated frames.</summary>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt) => throw new NotSupportedException($"{Kind} needs a clip's file, beside which the interpolated frames lie.");

    /// <summary>0 to 1.</summary>
    /// <exception cref="InputException">The interpolated frames are missing or not those of the clip, or it has fewer than three frames.</exception>
    public (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreFile(string file, VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        long between = (clip.Frames - 1) / 2;
        if (between == 0)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{file}: has {clip.Frames} frames, and motion smoothness looks at those between others. Expected at least three."));
        }

        using var scope = NewDisposeScope();
        string expected = string.Create(CultureInfo.InvariantCulture, $"bytes of {between}x{clip.Height}x{clip.Width}x3 for {clip}");
        long[] shape = [between, clip.Height, clip.Width, 3];
        Tensor interpolated_UHWC = GivenFile.Read(Beside(file)[0], What, ScalarType.Byte, expected, given => given.SequenceEqual(shape));
        Tensor frames_TCHW = clip.ToFrames([.. Enumerable.Range(0, clip.Frames)]);
        Tensor all_TCHW = frames_TCHW.index_copy(0, (arange(between) * 2) + 1, interpolated_UHWC.permute(0, 3, 1, 2).to(frames_TCHW.dtype));
        return ([VBenchFormulas.Smoothness(frames_TCHW, all_TCHW)], []);
    }

    public void Dispose()
    {
    }
}
