namespace HaloLab.ToyWorld;

/// <summary>What the oracle measures about a whole clip, in the manner of VBench's dimensions. All but <see cref="Motion"/> lie in 0 .. 1.</summary>
/// <param name="KindObedience">Share of the caption's objects whose best-fitting kind is the one asked for.</param>
/// <param name="ColourObedience">Share of the objects that are there in the colour asked for.</param>
/// <param name="DirectionObedience">Share of the objects that move at least half a pixel per frame, and mainly the way asked for.</param>
/// <param name="BackgroundObedience">1 when the background asked for fits best, else 0.</param>
/// <param name="ObjectPresence">Share of object × frame in which an object, whatever its kind and colour, was found.</param>
/// <param name="ObjectFidelity">How flawlessly the objects are drawn: 1 minus the capped residual around them; an object not found counts 0.</param>
/// <param name="Motion">Pixels per frame, mean over the objects; 0 for an object not found.</param>
/// <param name="Flicker">Mean change from frame to frame where nothing should change.</param>
/// <param name="BackgroundCleanliness">1 minus the capped residual away from the objects.</param>
public sealed record OracleMeasures(
    double KindObedience,
    double ColourObedience,
    double DirectionObedience,
    double BackgroundObedience,
    double ObjectPresence,
    double ObjectFidelity,
    double Motion,
    double Flicker,
    double BackgroundCleanliness)
{
    /// <summary>Motion that gets full marks, in pixels per frame: the renderer's slowest clips with room to move have 1.3.</summary>
    public const double LivelySpeed = 1.5;

    /// <summary>Mean of the four attributes.</summary>
    public double Obedience => (KindObedience + ColourObedience + DirectionObedience + BackgroundObedience) / 4.0;
}
