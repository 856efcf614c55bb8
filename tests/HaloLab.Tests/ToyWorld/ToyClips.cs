using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

/// <summary>Clips that stand in for a generator's: clean, soft, damaged.</summary>
internal static class ToyClips
{
    public static readonly PatchGrid Grid = new(4, 4, 4);

    /// <summary>Captions spread evenly over all of them.</summary>
    public static ToyCaption[] Captions(int count)
    {
        ToyCaption[] all = [.. ToyCaption.All()];
        return [.. Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)])];
    }

    public static VideoClip Clean(ToyCaption caption, int index)
        => ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, new RandomStream(11, "test layout", index)));

    public static (VideoClip Clip, IReadOnlyList<DamagedCell> Cells) Damaged(ToyCaption caption, int index, double probability = 1.0)
        => new DamageProcess(probability).Apply(Clean(caption, index), new RandomStream(11, "test damage", index));

    /// <summary>A box blur and 32 levels per channel: coarser than the toy's VAE.</summary>
    public static VideoClip Soft(VideoClip clip, int box)
    {
        if (box == 1)
        {
            return clip;
        }

        byte[] pixels = new byte[clip.Pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            int frame = i / (clip.Height * clip.Width * 3);
            int y = i / (clip.Width * 3) % clip.Height;
            int x = i / 3 % clip.Width;
            int sum = 0;
            for (int j = 0; j < box * box; j++)
            {
                int row = Math.Clamp(y + (j / box) - (box / 2), 0, clip.Height - 1);
                int column = Math.Clamp(x + (j % box) - (box / 2), 0, clip.Width - 1);
                sum += clip.Frame(frame)[(((row * clip.Width) + column) * 3) + (i % 3)];
            }

            pixels[i] = (byte)(sum / (box * box) / 8 * 8);
        }

        return new VideoClip(pixels, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);
    }

    public static VideoClip Plain(byte value)
    {
        byte[] pixels = new byte[8 * 32 * 32 * 3];
        Array.Fill(pixels, value);
        return new VideoClip(pixels, 8, 32, 32, 8);
    }

    /// <summary>Every frame is the first.</summary>
    public static VideoClip Still(VideoClip clip)
        => new([.. Enumerable.Range(0, clip.Frames).SelectMany(_ => clip.Frame(0).ToArray())], clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);

    public static VideoClip Reversed(VideoClip clip)
        => new([.. Enumerable.Range(0, clip.Frames).SelectMany(t => clip.Frame(clip.Frames - 1 - t).ToArray())], clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);
}
