using System.Globalization;
using System.Text;
using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>
/// The pictures of one clip that go into requests. Whole frames are made once a clip; a patch's crops are one picture, a mosaic in reading order, because a
/// service that charges by the picture charges one of 512 pixels no more than a small one.
/// </summary>
internal sealed class ClipPictures(VideoClip clip, PatchGrid grid, TeacherView view)
{
    /// <summary>Width of the margin of the numbered grid, in pixels.</summary>
    public const int Margin = 24;

    private const int Gap = 4;

    // Digits of 3×5 pixels, one row of bits after the other.
    private static readonly int[] Digits = [0b111101101101111, 0b010110010010111, 0b111001111100111, 0b111001111001111, 0b101101111001001, 0b111100111001111, 0b111100111101111, 0b111001001001001, 0b111101111101111, 0b111101111001111];

    private readonly PixelCell[] _cells = LatentLattice.ForClip(clip.Frames, clip.Height, clip.Width, view.SpatialStride, view.TemporalStride).PixelCells(grid);
    private readonly Dictionary<int, byte[]> _frames = [];
    private readonly Dictionary<int, byte[]> _overlays = [];
    private readonly Lock _lock = new();

    public VideoClip Clip => clip;

    /// <summary>Indices of the frames that are shown whole: evenly over the clip, each in the middle of its share.</summary>
    public static int[] Spread(int start, int end, int count)
    {
        int available = end - start;
        int shown = Math.Min(count, available);
        return [.. Enumerable.Range(0, shown).Select(i => start + (int)((i + 0.5) * available / shown))];
    }

    public int[] ContextFrames => Spread(0, clip.Frames, view.ContextFrames);

    public int[] SegmentFrames(int cell) => Spread(_cells[cell].FrameStart, _cells[cell].FrameEnd, view.CropsPerPatch);

    /// <summary>A whole frame.</summary>
    public Picture Whole(int index) => Picture.Of(clip, index).Fit(view.LongestSide);

    /// <summary>A whole frame as PNG.</summary>
    public byte[] Frame(int index) => Once(_frames, index, () => Whole(index).ToPng());

    /// <summary>A whole frame with the numbered grid as PNG.</summary>
    public byte[] Overlay(int index) => Once(_overlays, index, () => DrawGrid(Picture.Of(clip, index).Fit(view.LongestSide - Margin)).ToPng());

    /// <summary>The crops of a patch as one PNG.</summary>
    public byte[] Crops(int cell) => Mosaic(cell).ToPng();

    /// <summary>The crops of a patch in reading order.</summary>
    public Picture Mosaic(int cell)
    {
        int[] frames = SegmentFrames(cell);
        int columns = (int)Math.Ceiling(Math.Sqrt(frames.Length));
        int rows = (frames.Length + columns - 1) / columns;
        int side = (view.LongestSide - (Gap * (columns - 1))) / columns;
        Picture[] tiles = [.. frames.Select(frame => Picture.Of(clip, frame).Crop(_cells[cell]).Fit(side))];
        Picture mosaic = Picture.Blank((rows * tiles[0].Height) + (Gap * (rows - 1)), (columns * tiles[0].Width) + (Gap * (columns - 1)), byte.MaxValue);
        for (int i = 0; i < tiles.Length; i++)
        {
            mosaic.Paste(tiles[i], i / columns * (tiles[0].Height + Gap), i % columns * (tiles[0].Width + Gap));
        }

        return mosaic;
    }

    /// <summary>Where a patch lies, in words and numbers; the first frame, row and column are 0, ends are exclusive.</summary>
    public string Describe(int number, int cell)
    {
        PixelCell box = _cells[cell];
        (int t, int h, int w) = grid.Cell(cell);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"Patch {number}: cell {t},{h},{w} of grid {grid}");
        text.Append(view.Patches == PatchView.Overlay ? string.Create(CultureInfo.InvariantCulture, $", row {h + 1}, column {w + 1}") : "");
        text.Append(CultureInfo.InvariantCulture, $"; frames {box.FrameStart}-{box.FrameEnd} of {clip.Frames}, rows {box.RowStart}-{box.RowEnd} of {clip.Height}, columns {box.ColumnStart}-{box.ColumnEnd} of {clip.Width}.");
        return text.ToString();
    }

    /// <summary>For example <c>frames 0, 2, 4, 6 of 8</c>.</summary>
    public string DescribeFrames(int[] frames) => string.Create(CultureInfo.InvariantCulture, $"frames {string.Join(", ", frames)} of {clip.Frames}");

    private Picture DrawGrid(Picture frame)
    {
        Picture drawn = Picture.Blank(frame.Height + Margin, frame.Width + Margin, byte.MaxValue);
        drawn.Paste(frame, Margin, Margin);
        foreach (PixelCell box in _cells)
        {
            int top = Margin + (int)((long)box.RowStart * frame.Height / clip.Height);
            int left = Margin + (int)((long)box.ColumnStart * frame.Width / clip.Width);
            drawn.Fill(top, Margin, 1, frame.Width, 255, 255, 0);
            drawn.Fill(Margin, left, frame.Height, 1, 255, 255, 0);
        }

        for (int h = 0; h < grid.Height; h++)
        {
            PixelCell box = _cells[grid.Index(0, h, 0)];
            Number(drawn, h + 1, Margin + (int)((long)(box.RowStart + box.RowEnd) * frame.Height / clip.Height / 2) - 5, 4);
        }

        for (int w = 0; w < grid.Width; w++)
        {
            PixelCell box = _cells[grid.Index(0, 0, w)];
            Number(drawn, w + 1, 7, Margin + (int)((long)(box.ColumnStart + box.ColumnEnd) * frame.Width / clip.Width / 2) - 6);
        }

        return drawn;
    }

    /// <summary>Black digits of 6×10 pixels.</summary>
    private static void Number(Picture picture, int number, int top, int left)
    {
        foreach (char digit in number.ToString(CultureInfo.InvariantCulture))
        {
            for (int bit = 0; bit < 15; bit++)
            {
                if ((Digits[digit - '0'] >> (14 - bit) & 1) == 1)
                {
                    picture.Fill(top + (bit / 3 * 2), left + (bit % 3 * 2), 2, 2, 0, 0, 0);
                }
            }

            left += 8;
        }
    }

    private byte[] Once(Dictionary<int, byte[]> known, int index, Func<byte[]> make)
    {
        lock (_lock)
        {
            return known.TryGetValue(index, out byte[]? png) ? png : known[index] = make();
        }
    }
}
