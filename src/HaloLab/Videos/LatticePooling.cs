using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>
/// Carries reward maps from one lattice to another by fractional overlap in normalised coordinates (DESIGN D1): the value of a target cell
/// is the mean of the map over that cell's box, the map being constant within each of its own cells. Equal lattices give the map itself,
/// even splits give block means, a finer target repeats values, and the mean over the clip (weighted by cell size) is preserved.
/// </summary>
/// <remarks>Holds numbers only; the matrices are made in the map's type and on its device at each call, which is small beside any model.</remarks>
public sealed class LatticePooling
{
    private readonly double[,] _time;
    private readonly double[,] _height;
    private readonly double[,] _width;

    public LatticePooling(LatticeEdges source, LatticeEdges target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        _time = AxisWeights.Overlap(source.Time, target.Time);
        _height = AxisWeights.Overlap(source.Height, target.Height);
        _width = AxisWeights.Overlap(source.Width, target.Width);
    }

    /// <summary>[…, T, H, W] on the source lattice → […, t, h, w] on the target; differentiable. Leading axes are free: batch, dimensions.</summary>
    /// <exception cref="ArgumentException">The last three axes are not the source lattice.</exception>
    public Tensor Pool(Tensor map_xTHW)
    {
        ArgumentNullException.ThrowIfNull(map_xTHW);
        return AxisWeights.Apply(map_xTHW, _time, _height, _width);
    }
}
