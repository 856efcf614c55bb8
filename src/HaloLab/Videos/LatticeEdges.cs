namespace HaloLab.Videos;

/// <summary>
/// Where the cells of a lattice begin and end, in normalised coordinates of the clip: on every axis n + 1 numbers that rise from 0 to 1.
/// Cells may differ in length.
/// </summary>
public sealed class LatticeEdges
{
    /// <exception cref="ArgumentException">An axis does not rise from 0 to 1.</exception>
    public LatticeEdges(double[] time, double[] height, double[] width)
    {
        RequireAxis(time, nameof(time));
        RequireAxis(height, nameof(height));
        RequireAxis(width, nameof(width));
        Time = time;
        Height = height;
        Width = width;
    }

    public double[] Time { get; }

    public double[] Height { get; }

    public double[] Width { get; }

    /// <summary>A lattice of equal cells, such as the tokens of a reward model that sees every frame.</summary>
    public static LatticeEdges Uniform(int time, int height, int width) => new(UniformAxis(time), UniformAxis(height), UniformAxis(width));

    /// <summary>
    /// A reward model's lattice that looked at some frames only: a frame that it did not sample belongs to the nearest one that it did, the
    /// earlier of two equally near (DESIGN D1).
    /// </summary>
    /// <param name="sampledFrames">Indices of the frames it was shown, in order; repeated ones are allowed.</param>
    /// <param name="clipFrames">Frames of the clip.</param>
    /// <param name="framesPerCell">Consecutive sampled frames that share one lattice cell (2 for Qwen2-VL's temporal patches).</param>
    /// <param name="height">Equal cells along height.</param>
    /// <param name="width">Equal cells along width.</param>
    public static LatticeEdges Sampled(IReadOnlyList<int> sampledFrames, int clipFrames, int framesPerCell, int height, int width) =>
        new(Normalise(SampledFrameBoundaries(sampledFrames, clipFrames, framesPerCell)), UniformAxis(height), UniformAxis(width));

    /// <summary>The boundaries, in frames of the clip, of the stretches that belong to each group of sampled frames; see <see cref="Sampled"/>.</summary>
    public static int[] SampledFrameBoundaries(IReadOnlyList<int> sampledFrames, int clipFrames, int framesPerCell = 1)
    {
        ArgumentNullException.ThrowIfNull(sampledFrames);
        ArgumentOutOfRangeException.ThrowIfLessThan(framesPerCell, 1);
        if (sampledFrames.Count == 0 || sampledFrames.Count % framesPerCell != 0)
        {
            throw new ArgumentException($"{sampledFrames.Count} sampled frames are not a positive multiple of {framesPerCell}.", nameof(sampledFrames));
        }

        for (int i = 0; i < sampledFrames.Count; i++)
        {
            if (sampledFrames[i] < (i == 0 ? 0 : sampledFrames[i - 1]) || sampledFrames[i] >= clipFrames)
            {
                throw new ArgumentException($"Sampled frame {sampledFrames[i]} at place {i} is out of order or not in the clip's {clipFrames} frames.", nameof(sampledFrames));
            }
        }

        int cells = sampledFrames.Count / framesPerCell;
        int[] boundaries = new int[cells + 1];
        for (int i = 1; i < cells; i++)
        {
            int before = sampledFrames[(i * framesPerCell) - 1];
            int after = sampledFrames[i * framesPerCell];
            boundaries[i] = ((before + after) / 2) + 1;
        }

        boundaries[cells] = clipFrames;
        return boundaries;
    }

    /// <summary>Whole-number boundaries from 0 to N, divided by N. Equal fractions give equal numbers, so shared edges stay shared.</summary>
    internal static double[] Normalise(int[] boundaries) => Array.ConvertAll(boundaries, boundary => (double)boundary / boundaries[^1]);

    internal static double[] UniformAxis(int cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1);
        return Normalise([.. Enumerable.Range(0, cells + 1)]);
    }

    private static void RequireAxis(double[] edges, string name)
    {
        ArgumentNullException.ThrowIfNull(edges, name);
        bool rises = edges.Length >= 2 && edges[0] == 0 && edges[^1] == 1;
        for (int i = 1; i < edges.Length; i++)
        {
            rises &= edges[i] >= edges[i - 1];
        }

        if (!rises)
        {
            throw new ArgumentException($"Edges must rise from 0 to 1, got [{string.Join(", ", edges)}].", name);
        }
    }
}
