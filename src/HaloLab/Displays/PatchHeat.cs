using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>Values per cell of a patch grid, to be laid over a clip.</summary>
public sealed class PatchHeat
{
    /// <param name="values">One per cell in the order t, h, w (w fastest); NaN is missing.</param>
    /// <param name="edges">Where the cells lie in the clip: <see cref="LatentLattice.Edges"/>.</param>
    /// <param name="scale">Colours.</param>
    /// <param name="label">What the values are, for the legend: "patch reward".</param>
    public PatchHeat(IReadOnlyList<double> values, LatticeEdges edges, ColourScale scale, string label)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(edges);
        Grid = new PatchGrid(edges.Time.Length - 1, edges.Height.Length - 1, edges.Width.Length - 1);
        if (values.Count != Grid.Count)
        {
            throw new ArgumentException($"{values.Count} values for a grid of {Grid} cells.", nameof(values));
        }

        Values = values;
        Edges = edges;
        Scale = scale;
        Label = label;
    }

    /// <summary>
    /// Patch rewards with diverging colours around zero: blue where they are above, vermilion where they are below. For rewards whose zero means nothing (grades from 1 to 5)
    /// give the difference to something, or a scale of their own.
    /// </summary>
    /// <param name="rewards">The rewards; missing ones are hatched.</param>
    /// <param name="lattice">Where the cells lie in the clip; null: cells of equal size.</param>
    /// <param name="scale">Colours; give one to maps that are to be compared. Null: from these rewards.</param>
    /// <param name="label">What the values are, for the legend.</param>
    public static PatchHeat Of(PatchRewards rewards, LatentLattice? lattice = null, ColourScale? scale = null, string label = "patch reward")
    {
        ArgumentNullException.ThrowIfNull(rewards);
        double[] values = [.. rewards.Values.Select(value => value ?? double.NaN)];
        return new PatchHeat(values, EdgesOf(rewards.Grid, lattice), scale ?? ColourScale.AroundZero(values), label);
    }

    public PatchGrid Grid { get; }

    public IReadOnlyList<double> Values { get; }

    public LatticeEdges Edges { get; }

    public ColourScale Scale { get; }

    public string Label { get; }

    internal static LatticeEdges EdgesOf(PatchGrid grid, LatentLattice? lattice) => lattice?.Edges(grid) ?? LatticeEdges.Uniform(grid.Time, grid.Height, grid.Width);

    internal bool HasMissing => Values.Any(double.IsNaN);

    /// <summary>The cell along one axis that holds the middle of element <paramref name="index"/> of <paramref name="count"/>.</summary>
    internal static int CellAt(double[] edges, int index, int count)
    {
        double middle = (index + 0.5) / count;
        int cell = 0;
        while (cell < edges.Length - 2 && edges[cell + 1] <= middle)
        {
            cell++;
        }

        return cell;
    }

    /// <summary>The overlay of one cell layer t, height × width × 4 bytes; missing cells are hatched.</summary>
    internal void Paint(int t, int height, int width, Action<int, int, (byte Red, byte Green, byte Blue, byte Opacity)> set)
    {
        for (int y = 0; y < height; y++)
        {
            int h = CellAt(Edges.Height, y, height);
            for (int x = 0; x < width; x++)
            {
                double value = Values[Grid.Index(t, h, CellAt(Edges.Width, x, width))];
                set(y, x, double.IsNaN(value) ? ((byte)128, (byte)128, (byte)128, (x + y) % 6 < 2 ? (byte)230 : (byte)0) : Scale.Colour(value));
            }
        }
    }
}
