using System.Globalization;
using HaloLab.Evaluation.VBench;
using HaloLab.Rewards;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// VBench's dynamic degree from optical flow (VBench: RAFT): <c>NAME.flow.safetensors</c> beside the clip, with the tensor <c>flow</c> of float32, [pairs, 2, H, W] in pixels, from each of the frames that
/// count to the next of them: every <see cref="VBenchFormulas.FlowStride"/>-th, about eight a second. Height and width may be padded to multiples of 8.
/// </summary>
public sealed class DynamicsScorer : IVideoScorer
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "dynamics";

    private const string What = "flow";
    private const int Padding = 8;

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["dynamic degree"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Beside(string file) => [GivenFile.Of(file, What, "float32 of pairs x 2 x height x width, the optical flow in pixels between frames about an eighth of a second apart")];

    /// <summary>A clip alone has no flow.</summary>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt) => throw new NotSupportedException($"{Kind} needs a clip's file, beside which the flow lies.");

    /// <summary>1 for a clip that moves, 0 for one that does not.</summary>
    /// <exception cref="InputException">The flow is missing or not that of the clip, or only one frame counts.</exception>
    public (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreFile(string file, VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        int stride = VBenchFormulas.FlowStride(clip.FramesPerSecond);
        int frames = ((clip.Frames - 1) / stride) + 1;
        if (frames < 2)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{file}: of {clip} every {stride}th frame counts, which is one. Dynamic degree needs at least two."));
        }

        using var scope = NewDisposeScope();
        string expected = string.Create(CultureInfo.InvariantCulture, $"float32 of {frames - 1}x2x{clip.Height}x{clip.Width} (or height and width padded to multiples of {Padding}) for {clip}, of which every {stride}th frame counts");
        Tensor flow_P2HW = GivenFile.Read(
            Beside(file)[0],
            What,
            ScalarType.Float32,
            expected,
            shape => shape.Length == 4 && shape[0] == frames - 1 && shape[1] == 2 && IsSide(shape[2], clip.Height) && IsSide(shape[3], clip.Width));
        return ([VBenchFormulas.IsDynamic(flow_P2HW.unbind(0).Select(VBenchFormulas.FlowScore), frames, clip.Height, clip.Width) ? 1 : 0], []);
    }

    public void Dispose()
    {
    }

    private static bool IsSide(long given, int clip) => given == clip || given == (clip + Padding - 1) / Padding * Padding;
}
