namespace HaloLab.Videos;

/// <summary>The box of pixels that one cell of a patch grid covers: half-open ranges of frames, rows and columns.</summary>
public readonly record struct PixelCell(int FrameStart, int FrameEnd, int RowStart, int RowEnd, int ColumnStart, int ColumnEnd)
{
    /// <summary>Pixels in the box, over all its frames.</summary>
    public long PixelCount => (long)(FrameEnd - FrameStart) * (RowEnd - RowStart) * (ColumnEnd - ColumnStart);

    public bool Contains(int frame, int row, int column) =>
        frame >= FrameStart && frame < FrameEnd && row >= RowStart && row < RowEnd && column >= ColumnStart && column < ColumnEnd;
}
