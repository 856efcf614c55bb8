using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>One frame in 0 .. 1, one array per channel.</summary>
internal sealed class FramePlanes
{
    private readonly float[] _red = new float[Count];
    private readonly float[] _green = new float[Count];
    private readonly float[] _blue = new float[Count];

    public static int Count => ToyRenderer.Size * ToyRenderer.Size;

    /// <summary>The channels, red first.</summary>
    public IReadOnlyList<float[]> Channels => field ??= [_red, _green, _blue];

    public ToyPalette.Rgb this[int pixel]
    {
        get => new(_red[pixel], _green[pixel], _blue[pixel]);
        set => (_red[pixel], _green[pixel], _blue[pixel]) = (value.Red, value.Green, value.Blue);
    }

    public static FramePlanes[] Of(VideoClip clip)
    {
        FramePlanes[] frames = [.. Enumerable.Range(0, clip.Frames).Select(_ => new FramePlanes())];
        for (int t = 0; t < frames.Length; t++)
        {
            ReadOnlySpan<byte> pixels = clip.Frame(t);
            for (int i = 0; i < Count; i++)
            {
                frames[t][i] = new ToyPalette.Rgb(pixels[3 * i] / 255f, pixels[(3 * i) + 1] / 255f, pixels[(3 * i) + 2] / 255f);
            }
        }

        return frames;
    }

    public void Fill(ToyPalette.Rgb colour)
    {
        Array.Fill(_red, colour.Red);
        Array.Fill(_green, colour.Green);
        Array.Fill(_blue, colour.Blue);
    }

    public void Mix(int pixel, ToyPalette.Rgb colour, float share)
    {
        _red[pixel] += share * (colour.Red - _red[pixel]);
        _green[pixel] += share * (colour.Green - _green[pixel]);
        _blue[pixel] += share * (colour.Blue - _blue[pixel]);
    }
}
