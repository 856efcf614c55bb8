using System.Globalization;

namespace HaloLab.Videos;

/// <summary>
/// How a clip is cut into patches: <c>t × h × w</c> cells on the latent lattice (DESIGN D1). Cell i of G over N elements covers
/// <c>floor(i·N/G) .. floor((i+1)·N/G)</c>, so the cells partition the lattice exactly, uneven splits included.
/// </summary>
/// <param name="Time">Cells along time.</param>
/// <param name="Height">Cells along height.</param>
/// <param name="Width">Cells along width.</param>
public readonly record struct PatchGrid(int Time, int Height, int Width)
{
    /// <summary>Number of cells.</summary>
    public int Count => Time * Height * Width;

    /// <summary>The place of a cell in the order t, h, w (w fastest).</summary>
    public int Index(int t, int h, int w) => (((t * Height) + h) * Width) + w;

    /// <summary>The cell at a place: the reverse of <see cref="Index"/>.</summary>
    public (int T, int H, int W) Cell(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return (index / (Height * Width), index / Width % Height, index % Width);
    }

    /// <summary>Reads <c>4x4x4</c> (time × height × width).</summary>
    /// <exception cref="InputException">Not three numbers of at least 1.</exception>
    public static PatchGrid Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('x', '×');
        if (parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int time)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && time >= 1 && height >= 1 && width >= 1)
        {
            return new PatchGrid(time, height, width);
        }

        throw new InputException($"Grid '{text}': expected time x height x width, each at least 1, for example 4x4x4.");
    }

    /// <summary>The boundaries of <paramref name="cells"/> cells over <paramref name="elements"/> elements: cells + 1 numbers from 0 to elements.</summary>
    /// <exception cref="InputException">More cells than elements: a cell would be empty.</exception>
    public static int[] Boundaries(int elements, int cells)
    {
        if (cells < 1 || cells > elements)
        {
            throw new InputException($"A grid of {cells} cells does not fit {elements} latent elements on that axis: give between 1 and {elements}.");
        }

        int[] boundaries = new int[cells + 1];
        for (int i = 0; i <= cells; i++)
        {
            boundaries[i] = (int)((long)i * elements / cells);
        }

        return boundaries;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}x{Height}x{Width}");
}
