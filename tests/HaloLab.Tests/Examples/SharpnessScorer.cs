using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.Tests.Examples;

/// <summary>How sharp the frames are: the mean absolute Laplacian of grey, in levels.</summary>
public sealed class SharpnessScorer : IVideoScorer
{
    public string Name => "sharpness";

    public IReadOnlyList<string> Dimensions { get; } = ["sharpness"];

    // Scores are kept by these: a formula that changes gets another number.
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { ["definition"] = "1" };

    // It reads no prompt, so the controls are not to warn that it doesn't.
    public bool IsMeasurement => true;

    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        if (clip.Height < 3 || clip.Width < 3)
        {
            throw new InputException($"The clip has {clip.Height}×{clip.Width} pixels: sharpness needs at least 3×3.");
        }

        double sum = 0;
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            for (int y = 1; y < clip.Height - 1; y++)
            {
                for (int x = 1; x < clip.Width - 1; x++)
                {
                    sum += Math.Abs((4 * Grey(clip, frame, y, x)) - Grey(clip, frame, y - 1, x) - Grey(clip, frame, y + 1, x) - Grey(clip, frame, y, x - 1) - Grey(clip, frame, y, x + 1));
                }
            }
        }

        return [sum / ((double)clip.Frames * (clip.Height - 2) * (clip.Width - 2))];
    }

    public void Dispose()
    {
    }

    private static double Grey(VideoClip clip, int frame, int y, int x)
    {
        ReadOnlySpan<byte> pixel = clip.Frame(frame).Slice(((y * clip.Width) + x) * 3, 3);
        return (pixel[0] + pixel[1] + pixel[2]) / 3.0;
    }
}
