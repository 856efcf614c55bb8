using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>Defective patches that hang together: neighbours share a face, in space or in time.</summary>
/// <param name="Patches">Number of patches.</param>
/// <param name="Times">Time steps from the first to the last.</param>
/// <param name="Rows">Rows from the topmost to the lowest.</param>
/// <param name="Columns">Columns from the leftmost to the rightmost.</param>
public sealed record ConnectedDefect(int Patches, int Times, int Rows, int Columns)
{
    private static readonly (int T, int H, int W)[] Faces = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)];

    /// <summary>The connected defects of a clip, in the order of their first cells.</summary>
    /// <param name="grid">The cells.</param>
    /// <param name="isDefective">Of each cell.</param>
    public static IReadOnlyList<ConnectedDefect> Find(PatchGrid grid, Func<int, bool> isDefective)
    {
        ArgumentNullException.ThrowIfNull(isDefective);
        bool[] seen = new bool[grid.Count];
        List<ConnectedDefect> found = [];
        for (int first = 0; first < grid.Count; first++)
        {
            if (!seen[first] && isDefective(first))
            {
                (int T, int H, int W)[] cells = [.. Grow(grid, first, isDefective, seen).Select(grid.Cell)];
                found.Add(new ConnectedDefect(cells.Length, Extent(cells, cell => cell.T), Extent(cells, cell => cell.H), Extent(cells, cell => cell.W)));
            }
        }

        return found;
    }

    private static List<int> Grow(PatchGrid grid, int first, Func<int, bool> isDefective, bool[] seen)
    {
        List<int> cells = [first];
        seen[first] = true;
        for (int i = 0; i < cells.Count; i++)
        {
            (int t, int h, int w) = grid.Cell(cells[i]);
            foreach ((int dt, int dh, int dw) in Faces)
            {
                (int nextT, int nextH, int nextW) = (t + dt, h + dh, w + dw);
                if (nextT >= 0 && nextT < grid.Time && nextH >= 0 && nextH < grid.Height && nextW >= 0 && nextW < grid.Width
                    && grid.Index(nextT, nextH, nextW) is var next && !seen[next] && isDefective(next))
                {
                    seen[next] = true;
                    cells.Add(next);
                }
            }
        }

        return cells;
    }

    private static int Extent((int T, int H, int W)[] cells, Func<(int T, int H, int W), int> along) => cells.Max(along) - cells.Min(along) + 1;
}
