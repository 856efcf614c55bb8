using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>Pixels of one picture, height × width × 3, and how to change their size without blending what is enlarged.</summary>
internal sealed record Picture(byte[] Pixels, int Height, int Width)
{
    public static Picture Of(VideoClip clip, int frame) => new(clip.Frame(frame).ToArray(), clip.Height, clip.Width);

    /// <summary>Lossless: artefacts of a compression of ours would be graded too.</summary>
    public byte[] ToPng() => Apng.EncodeStill(Pixels, Height, Width);

    public Picture Crop(PixelCell cell)
    {
        (int height, int width) = (cell.RowEnd - cell.RowStart, cell.ColumnEnd - cell.ColumnStart);
        byte[] pixels = new byte[height * width * 3];
        for (int row = 0; row < height; row++)
        {
            Pixels.AsSpan((((cell.RowStart + row) * Width) + cell.ColumnStart) * 3, width * 3).CopyTo(pixels.AsSpan(row * width * 3));
        }

        return new Picture(pixels, height, width);
    }

    /// <summary>
    /// Brings the longer side near <paramref name="side"/>: a smaller picture is repeated by a whole factor, so that its pixels stay what they are; a larger
    /// one is averaged by area.
    /// </summary>
    public Picture Fit(int side)
    {
        int longer = Math.Max(Height, Width);
        if (longer <= side)
        {
            return Enlarge(side / longer);
        }

        return Shrink(Math.Max(1, (int)((long)Height * side / longer)), Math.Max(1, (int)((long)Width * side / longer)));
    }

    public Picture Enlarge(int factor)
    {
        if (factor == 1)
        {
            return this;
        }

        byte[] pixels = new byte[Pixels.Length * factor * factor];
        int width = Width * factor;
        for (int row = 0; row < Height * factor; row++)
        {
            for (int column = 0; column < width; column++)
            {
                Pixels.AsSpan((((row / factor) * Width) + (column / factor)) * 3, 3).CopyTo(pixels.AsSpan(((row * width) + column) * 3));
            }
        }

        return new Picture(pixels, Height * factor, width);
    }

    public void Paste(Picture picture, int top, int left)
    {
        for (int row = 0; row < picture.Height; row++)
        {
            picture.Pixels.AsSpan(row * picture.Width * 3, picture.Width * 3).CopyTo(Pixels.AsSpan((((top + row) * Width) + left) * 3));
        }
    }

    public void Fill(int top, int left, int height, int width, byte red, byte green, byte blue)
    {
        for (int row = Math.Max(0, top); row < Math.Min(Height, top + height); row++)
        {
            for (int column = Math.Max(0, left); column < Math.Min(Width, left + width); column++)
            {
                int i = ((row * Width) + column) * 3;
                (Pixels[i], Pixels[i + 1], Pixels[i + 2]) = (red, green, blue);
            }
        }
    }

    public static Picture Blank(int height, int width, byte value)
    {
        byte[] pixels = new byte[height * width * 3];
        Array.Fill(pixels, value);
        return new Picture(pixels, height, width);
    }

    private Picture Shrink(int height, int width)
    {
        float[] narrow = new float[Height * width * 3];
        Average(Width, width, (from, to, share) =>
        {
            for (int row = 0; row < Height; row++)
            {
                for (int c = 0; c < 3; c++)
                {
                    narrow[(((row * width) + to) * 3) + c] += share * Pixels[(((row * Width) + from) * 3) + c];
                }
            }
        });
        float[] small = new float[height * width * 3];
        Average(Height, height, (from, to, share) =>
        {
            for (int i = 0; i < width * 3; i++)
            {
                small[(to * width * 3) + i] += share * narrow[(from * width * 3) + i];
            }
        });
        return new Picture(Array.ConvertAll(small, value => (byte)Math.Clamp(MathF.Round(value), 0, 255)), height, width);
    }

    /// <summary>Tells, for every new element, the old ones below it and their shares, which sum to 1.</summary>
    private static void Average(int from, int to, Action<int, int, float> add)
    {
        double step = (double)from / to;
        for (int i = 0; i < to; i++)
        {
            (double start, double end) = (i * step, (i + 1) * step);
            for (int j = (int)start; j < Math.Min(from, (int)Math.Ceiling(end - 1e-9)); j++)
            {
                double share = (Math.Min(end, j + 1) - Math.Max(start, j)) / step;
                add(j, i, (float)share);
            }
        }
    }
}
