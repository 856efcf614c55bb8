using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Scorers;

/// <summary>How like a clip is to another one, frame by frame: peak signal-to-noise ratio or structural similarity. Needs no model.</summary>
public sealed class LikenessScorer : IVideoScorer
{
    private static readonly Dictionary<string, Func<VideoClip, VideoClip, double>> Measures = new(StringComparer.Ordinal) { ["psnr"] = Psnr, ["ssim"] = Ssim };

    private readonly IReadOnlyDictionary<string, string> _references;

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="references">Whom a clip is held against: files by the clip's file.</param>
    public LikenessScorer(string kind, IReadOnlyDictionary<string, string> references)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(references);
        (Name, _references) = (kind, references);
    }

    /// <summary>What can be measured.</summary>
    public static IReadOnlyCollection<string> Kinds => Measures.Keys;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions => [Name];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Beside(string file) => _references.TryGetValue(file, out string? reference)
        ? [reference]
        : throw new InputException($"{file}: the reference has no clip of its prompt and number, the digits at the end of the file's name. {Name} compares such pairs.");

    /// <summary>A clip alone is like nothing.</summary>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt) => throw new NotSupportedException($"{Name} needs a clip's file, by which its pair is found.");

    /// <inheritdoc/>
    public (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreFile(string file, VideoClip clip, string prompt)
    {
        string path = Beside(file)[0];
        VideoClip reference = VideoFile.ReadAsync(path).GetAwaiter().GetResult();
        if ((clip.Frames, clip.Height, clip.Width) != (reference.Frames, reference.Height, reference.Width))
        {
            throw new InputException($"{file}: has {clip}, and {path} {reference}. {Name} compares pixel by pixel: expected the same frames and size.");
        }

        return ([Measures[Name](clip, reference)], []);
    }

    public void Dispose()
    {
    }

    /// <summary>In decibels, from the mean squared difference over all frames.</summary>
    /// <exception cref="InputException">The clips are equal.</exception>
    private static double Psnr(VideoClip a, VideoClip b)
    {
        double value = PictureSimilarity.Psnr(a.Pixels, b.Pixels);
        return double.IsFinite(value) ? value : throw new InputException("Both clips are the same: their peak signal-to-noise ratio is infinite, and no mean takes it.");
    }

    /// <summary>Mean over frames and channels, windows of 7×7.</summary>
    private static double Ssim(VideoClip a, VideoClip b)
    {
        double sum = 0;
        for (int frame = 0; frame < a.Frames; frame++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                sum += PictureSimilarity.Ssim(Channel(a, frame, channel), Channel(b, frame, channel), byte.MaxValue);
            }
        }

        return sum / (a.Frames * 3);
    }

    private static double[,] Channel(VideoClip clip, int frame, int channel)
    {
        ReadOnlySpan<byte> pixels = clip.Frame(frame);
        double[,] values = new double[clip.Height, clip.Width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i / clip.Width, i % clip.Width] = pixels[(i * 3) + channel];
        }

        return values;
    }
}
