using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>
/// Draws the ideal clip of a caption: 8 frames of 32×32 at 8 frames per second, anti-aliased, every object wholly inside the picture in every
/// frame and moving at a constant 1.3 to 2.2 pixels per frame.
/// </summary>
/// <remarks>
/// Radius is the circle's; the other kinds are scaled to look as large: square half-side 0.88, triangle (upright) circumradius 1.25, cross arm
/// 1.05 with half-width 0.38. Radii of 4.5 to 6.5 (one object) or 4.5 to 5.5 (two) span at least two latent cells of a VAE that compresses 4×.
/// </remarks>
public static class ToyRenderer
{
    public const int Frames = 8;
    public const int Size = 32;
    public const double FramesPerSecond = 8.0;
    public const double SmallestRadius = 4.5;
    public const double LargestRadius = 6.5;

    private const double LargestRadiusOfTwo = 5.5;
    private const double SlowestSpeed = 1.3;
    private const double FastestSpeed = 2.2;
    private const double TallestExtent = 1.25;

    // Two objects that cross may touch; if one hides much of the other, kind and motion can no longer be told.
    private const double ClosestCentres = 1.4;
    private const int MaximumTries = 200;

    /// <summary>The latents of the toy world's VAE, which compresses every frame 4× in space: 8×8×8. Patches are cut on it (DESIGN D1).</summary>
    public static LatentLattice Lattice { get; } = LatentLattice.ForClip(Frames, Size, Size, spatialStride: 4);

    /// <summary>Draws start positions, sizes, speeds and depth order for <paramref name="caption"/>.</summary>
    public static ToyLayout DrawLayout(ToyCaption caption, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(caption);
        ArgumentNullException.ThrowIfNull(stream);
        if (caption.Second is null)
        {
            return new ToyLayout(DrawPlacement(caption.First, LargestRadius, stream), null, FirstInFront: true);
        }

        ToyLayout? best = null;
        double bestDistance = double.NegativeInfinity;
        for (int i = 0; i < MaximumTries && bestDistance < ClosestCentres; i++)
        {
            ToyLayout layout = new(
                DrawPlacement(caption.First, LargestRadiusOfTwo, stream),
                DrawPlacement(caption.Second, LargestRadiusOfTwo, stream),
                FirstInFront: stream.Next(2) == 0);
            double distance = SmallestDistance(caption, layout);
            if (distance > bestDistance)
            {
                (best, bestDistance) = (layout, distance);
            }
        }

        return best!;
    }

    /// <summary>The ideal clip.</summary>
    public static VideoClip Render(ToyCaption caption, ToyLayout layout)
    {
        ArgumentNullException.ThrowIfNull(caption);
        ArgumentNullException.ThrowIfNull(layout);
        if (caption.Second is null != layout.Second is null)
        {
            throw new ArgumentException("Caption and layout have different numbers of objects.", nameof(layout));
        }

        byte[] pixels = new byte[Frames * Size * Size * 3];
        float[] frame_HWC = new float[Size * Size * 3];
        for (int t = 0; t < Frames; t++)
        {
            Fill(frame_HWC, ToyPalette.Of(caption.Background));
            if (caption.Second is not null && layout.FirstInFront)
            {
                Paint(frame_HWC, caption.Second, layout.Second!, t);
            }

            Paint(frame_HWC, caption.First, layout.First, t);
            if (caption.Second is not null && !layout.FirstInFront)
            {
                Paint(frame_HWC, caption.Second, layout.Second!, t);
            }

            Quantise(frame_HWC, pixels.AsSpan(t * frame_HWC.Length, frame_HWC.Length));
        }

        return new VideoClip(pixels, Frames, Size, Size, FramesPerSecond);
    }

    /// <summary>The centre of an object in frame <paramref name="frame"/>.</summary>
    public static (double X, double Y) Centre(ToyDirection direction, ToyPlacement placement, int frame)
    {
        ArgumentNullException.ThrowIfNull(placement);
        (int x, int y) = Step(direction);
        return (placement.X + (x * placement.Speed * frame), placement.Y + (y * placement.Speed * frame));
    }

    internal static (int X, int Y) Step(ToyDirection direction) => direction switch
    {
        ToyDirection.Left => (-1, 0),
        ToyDirection.Right => (1, 0),
        ToyDirection.Up => (0, -1),
        _ => (0, 1),
    };

    /// <summary>Share of a pixel that the object covers, from the signed distance of its centre to the outline.</summary>
    internal static double Coverage(ToyKind kind, double radius, double dx, double dy)
        => Math.Clamp(0.5 - SignedDistance(kind, radius, dx, dy), 0.0, 1.0);

    private static double SignedDistance(ToyKind kind, double radius, double dx, double dy) => kind switch
    {
        ToyKind.Circle => Math.Sqrt((dx * dx) + (dy * dy)) - radius,
        ToyKind.Square => Math.Max(Math.Abs(dx), Math.Abs(dy)) - (0.88 * radius),
        ToyKind.Triangle => Math.Max(dy, (Math.Abs(dx) * 0.8660254037844386) - (dy * 0.5)) - (0.625 * radius),
        _ => Math.Min(
            Math.Max(Math.Abs(dx) - (1.05 * radius), Math.Abs(dy) - (0.38 * radius)),
            Math.Max(Math.Abs(dx) - (0.38 * radius), Math.Abs(dy) - (1.05 * radius))),
    };

    private static ToyPlacement DrawPlacement(ToyObject item, double largestRadius, RandomStream stream)
    {
        double radius = Between(stream, SmallestRadius, largestRadius);
        double speed = Between(stream, SlowestSpeed, FastestSpeed);
        double margin = (TallestExtent * radius) + 0.5;
        double travel = Math.Min(speed * (Frames - 1), Size - (2.0 * margin));
        (int stepX, int stepY) = Step(item.Direction);
        return new ToyPlacement(Start(stepX), Start(stepY), radius, travel / (Frames - 1));

        double Start(int step)
        {
            double first = margin + (step < 0 ? travel : 0.0);
            double last = Size - margin - (step > 0 ? travel : 0.0);
            return Between(stream, first, Math.Max(first, last));
        }
    }

    private static double SmallestDistance(ToyCaption caption, ToyLayout layout)
    {
        double smallest = double.PositiveInfinity;
        for (int t = 0; t < Frames; t++)
        {
            (double x1, double y1) = Centre(caption.First.Direction, layout.First, t);
            (double x2, double y2) = Centre(caption.Second!.Direction, layout.Second!, t);
            smallest = Math.Min(smallest, Math.Sqrt(((x1 - x2) * (x1 - x2)) + ((y1 - y2) * (y1 - y2))));
        }

        return smallest / ((layout.First.Radius + layout.Second!.Radius) / 2.0);
    }

    private static double Between(RandomStream stream, double low, double high) => low + (stream.NextDouble() * (high - low));

    private static void Fill(Span<float> frame_HWC, ToyPalette.Rgb colour)
    {
        for (int i = 0; i < frame_HWC.Length; i += 3)
        {
            (frame_HWC[i], frame_HWC[i + 1], frame_HWC[i + 2]) = (colour.Red, colour.Green, colour.Blue);
        }
    }

    private static void Paint(Span<float> frame_HWC, ToyObject item, ToyPlacement placement, int frame)
    {
        ToyPalette.Rgb colour = ToyPalette.Of(item.Colour);
        (double x, double y) = Centre(item.Direction, placement, frame);
        for (int row = 0; row < Size; row++)
        {
            for (int column = 0; column < Size; column++)
            {
                float coverage = (float)Coverage(item.Kind, placement.Radius, column + 0.5 - x, row + 0.5 - y);
                Span<float> pixel = frame_HWC.Slice(((row * Size) + column) * 3, 3);
                pixel[0] += coverage * (colour.Red - pixel[0]);
                pixel[1] += coverage * (colour.Green - pixel[1]);
                pixel[2] += coverage * (colour.Blue - pixel[2]);
            }
        }
    }

    private static void Quantise(ReadOnlySpan<float> values, Span<byte> pixels)
    {
        for (int i = 0; i < values.Length; i++)
        {
            pixels[i] = (byte)MathF.Round(values[i] * 255f);
        }
    }
}
