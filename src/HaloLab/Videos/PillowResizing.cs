namespace HaloLab.Videos;

/// <summary>
/// Pillow's bicubic resizing of bytes, level for level: smoothing where the picture shrinks, one axis after the other, in whole numbers. Published models
/// were trained on its pictures.
/// </summary>
public static class PillowResizing
{
    private const int Channels = 3;
    private const int FractionBits = 22;
    private const int Half = 1 << (FractionBits - 1);

    /// <param name="pixels_HWC">RGB bytes of one picture.</param>
    /// <param name="height">Its height.</param>
    /// <param name="width">Its width.</param>
    /// <param name="toHeight">New height.</param>
    /// <param name="toWidth">New width.</param>
    /// <param name="columnsMayComeFirst">
    /// Whether columns are resized before rows where the height shrinks and by more than twice what the width does: Pillow 13. Pillow 10, on which Qwen2-VL's reward
    /// models stand, resizes rows first always. On noise the two are up to 14 levels apart.
    /// </param>
    /// <returns>The new picture, H × W × 3.</returns>
    public static byte[] Resize(ReadOnlySpan<byte> pixels_HWC, int height, int width, int toHeight, int toWidth, bool columnsMayComeFirst)
    {
        if (pixels_HWC.Length != height * width * Channels)
        {
            throw new ArgumentException($"{pixels_HWC.Length} bytes are no picture of {width}x{height} pixels with {Channels} channels.", nameof(pixels_HWC));
        }

        byte[] picture = pixels_HWC.ToArray();
        if (columnsMayComeFirst && toHeight < height && height - toHeight > 2 * (width - toWidth))
        {
            picture = Columns(picture, height, width, toHeight);
            return Rows(picture, toHeight, width, toWidth);
        }

        picture = Rows(picture, height, width, toWidth);
        return Columns(picture, height, toWidth, toHeight);
    }

    private static byte[] Rows(byte[] picture_HWC, int height, int width, int toWidth) =>
        width == toWidth ? picture_HWC : Pass(picture_HWC, outer: height, from: width, to: toWidth, inner: Channels);

    private static byte[] Columns(byte[] picture_HWC, int height, int width, int toHeight) =>
        height == toHeight ? picture_HWC : Pass(picture_HWC, outer: 1, from: height, to: toHeight, inner: width * Channels);

    /// <summary>Resizes the middle axis of outer × from × inner.</summary>
    private static byte[] Pass(byte[] source, int outer, int from, int to, int inner)
    {
        double[,] weights = PictureResizing.Weights(from, to, ResizeFilter.Bicubic, smooths: true);
        byte[] target = new byte[outer * to * inner];
        for (int i = 0; i < to; i++)
        {
            (int Place, int Weight)[] taps =
            [
                .. Enumerable.Range(0, from).Where(j => weights[i, j] != 0).Select(j => (j, (int)Math.Round(weights[i, j] * (1 << FractionBits), MidpointRounding.AwayFromZero))),
            ];
            for (int o = 0; o < outer; o++)
            {
                for (int k = 0; k < inner; k++)
                {
                    int sum = Half;
                    foreach ((int place, int weight) in taps)
                    {
                        sum += weight * source[(((o * from) + place) * inner) + k];
                    }

                    target[(((o * to) + i) * inner) + k] = (byte)Math.Clamp(sum >> FractionBits, byte.MinValue, byte.MaxValue);
                }
            }
        }

        return target;
    }
}
