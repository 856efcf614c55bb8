namespace HaloLab.Models.Qwen2Vl;

/// <summary>An image or video as its patches lie: pairs of frames, rows and columns (an image is one pair of equal frames).</summary>
/// <param name="Time">Pairs of frames.</param>
/// <param name="Height">Rows of patches, a multiple of the merge size.</param>
/// <param name="Width">Columns of patches, likewise.</param>
public readonly record struct Qwen2VlGrid(int Time, int Height, int Width)
{
    /// <summary>Number of patches.</summary>
    public int Patches => Time * Height * Width;

    /// <summary>Number of tokens that the decoder sees.</summary>
    /// <param name="merge">Patches that become one token, along each side.</param>
    public int Tokens(int merge) => Time * (Height / merge) * (Width / merge);

    /// <summary>Row and column of every patch of a frame in the order of the tower: by merged blocks, row by row within a block.</summary>
    /// <param name="merge">Side of a block.</param>
    public IEnumerable<(int Row, int Column)> Places(int merge)
    {
        for (int row = 0; row < Height; row += merge)
        {
            for (int column = 0; column < Width; column += merge)
            {
                for (int i = 0; i < merge * merge; i++)
                {
                    yield return (row + (i / merge), column + (i % merge));
                }
            }
        }
    }
}
