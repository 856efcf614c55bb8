using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Scorers;

/// <summary>
/// What a generator can change to please a scorer without getting better: how bright, colourful and contrasty the pictures are and how much moves. No judgement: neither
/// more nor less of it is better. Needs no model.
/// </summary>
public sealed class AppearanceScorer : IVideoScorer
{
    /// <summary>Its name on the command line.</summary>
    public const string Kind = "appearance";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public bool IsMeasurement => true;

    /// <summary>Brightness: mean of the channels' mean. Contrast: standard deviation of that over the pixels. Saturation: mean of (max − min) / max over channels. Motion: mean change of a channel to the next frame; 0 in a still.</summary>
    public IReadOnlyList<string> Dimensions { get; } = ["brightness", "contrast", "saturation", "motion"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    /// <summary>Each 0 to 1 of the range of levels.</summary>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ReadOnlySpan<byte> pixels = clip.Pixels;
        (double sum, double squares, double saturation) = (0, 0, 0);
        for (int i = 0; i < pixels.Length; i += 3)
        {
            (byte red, byte green, byte blue) = (pixels[i], pixels[i + 1], pixels[i + 2]);
            double grey = (red + green + blue) / (3.0 * byte.MaxValue);
            int most = Math.Max(red, Math.Max(green, blue));
            sum += grey;
            squares += grey * grey;
            saturation += most == 0 ? 0 : (double)(most - Math.Min(red, Math.Min(green, blue))) / most;
        }

        double count = pixels.Length / 3;
        double mean = sum / count;
        return [mean, Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean))), saturation / count, clip.Frames == 1 ? 0 : VideoFrames.MeanChange(clip)];
    }

    public void Dispose()
    {
    }
}
