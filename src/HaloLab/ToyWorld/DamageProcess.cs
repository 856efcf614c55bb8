using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>
/// Spoils clips the way a corpus is spoiled: with some probability, one or two places of a 4×4×4 patch grid, each lasting one or two cells in
/// time, become noise, a flat colour or their own negative. A generator trained on such clips makes local defects of its own.
/// </summary>
public sealed class DamageProcess
{
    private const double WeakestStrength = 0.6;

    // A flat colour close to what was there would be damage that nobody can see.
    private const double LeastFlatContrast = 0.3;

    /// <param name="probability">Share of clips that are damaged, 0 .. 1.</param>
    public DamageProcess(double probability)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(probability);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(probability, 1.0);
        Probability = probability;
    }

    public static PatchGrid Grid { get; } = new(4, 4, 4);

    private static PixelCell[] Cells { get; } = ToyRenderer.Lattice.PixelCells(Grid);

    public double Probability { get; }

    /// <summary>The clip, damaged or not, and the damaged cells (none when it was left alone, in which case it is the same clip).</summary>
    public (VideoClip Clip, IReadOnlyList<DamagedCell> Cells) Apply(VideoClip clip, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.NextDouble() >= Probability)
        {
            return (clip, []);
        }

        byte[] pixels = clip.Pixels.ToArray();
        List<DamagedCell> cells = [];
        int places = 1 + stream.Next(2);
        int firstPlace = stream.Next(Grid.Height * Grid.Width);
        int secondPlace = (firstPlace + 1 + stream.Next((Grid.Height * Grid.Width) - 1)) % (Grid.Height * Grid.Width);
        for (int i = 0; i < places; i++)
        {
            int place = i == 0 ? firstPlace : secondPlace;
            int duration = 1 + stream.Next(2);
            int time = stream.Next(Grid.Time - duration + 1);
            DamageKind kind = (DamageKind)stream.Next(3);
            double strength = WeakestStrength + ((1.0 - WeakestStrength) * stream.NextDouble());
            byte[]? flat = kind == DamageKind.Flat ? DrawFlatColour(clip, time, place, stream) : null;
            for (int t = time; t < time + duration; t++)
            {
                DamagedCell cell = new(t, place / Grid.Width, place % Grid.Width, kind, strength);
                Spoil(clip, pixels, cell, flat, stream);
                cells.Add(cell);
            }
        }

        return (new VideoClip(pixels, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond), cells);
    }

    private static PixelCell Pixels(int time, int place) => Cells[(time * Grid.Height * Grid.Width) + place];

    private static byte[] DrawFlatColour(VideoClip clip, int time, int place, RandomStream stream)
    {
        double[] mean = MeanColour(clip, time, place);
        byte[] colour = new byte[3];
        double contrast;
        do
        {
            stream.NextBytes(colour);
            contrast = colour.Zip(mean, (value, average) => Math.Abs(value - average) / 255.0).Average();
        }
        while (contrast < LeastFlatContrast);
        return colour;
    }

    private static double[] MeanColour(VideoClip clip, int time, int place)
    {
        double[] sum = new double[3];
        int count = 0;
        PixelCell box = Pixels(time, place);
        for (int t = box.FrameStart; t < box.FrameEnd; t++)
        {
            for (int y = box.RowStart; y < box.RowEnd; y++)
            {
                for (int x = box.ColumnStart; x < box.ColumnEnd; x++, count++)
                {
                    for (int c = 0; c < 3; c++)
                    {
                        sum[c] += clip.Frame(t)[(((y * clip.Width) + x) * 3) + c];
                    }
                }
            }
        }

        return [.. sum.Select(value => value / count)];
    }

    private static void Spoil(VideoClip clip, byte[] pixels, DamagedCell cell, byte[]? flat, RandomStream stream)
    {
        PixelCell box = Pixels(cell.Time, (cell.Row * Grid.Width) + cell.Column);
        for (int t = box.FrameStart; t < box.FrameEnd; t++)
        {
            for (int y = box.RowStart; y < box.RowEnd; y++)
            {
                for (int x = box.ColumnStart; x < box.ColumnEnd; x++)
                {
                    for (int c = 0; c < 3; c++)
                    {
                        int at = (((((t * clip.Height) + y) * clip.Width) + x) * 3) + c;
                        int damage = cell.Kind switch
                        {
                            DamageKind.Noise => stream.Next(256),
                            DamageKind.Flat => flat![c],
                            _ => 255 - pixels[at],
                        };
                        pixels[at] = (byte)Math.Round(pixels[at] + (cell.Strength * (damage - pixels[at])));
                    }
                }
            }
        }
    }
}
