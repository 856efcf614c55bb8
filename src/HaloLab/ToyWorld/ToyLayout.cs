namespace HaloLab.ToyWorld;

/// <summary>Where one object is and how it moves, in pixels; x counts columns from the left edge, y rows from the top edge.</summary>
/// <param name="X">Column of the centre in frame 0.</param>
/// <param name="Y">Row of the centre in frame 0.</param>
/// <param name="Radius">Size, see <see cref="ToyRenderer"/>.</param>
/// <param name="Speed">Pixels per frame in the direction that the caption says.</param>
public sealed record ToyPlacement(double X, double Y, double Radius, double Speed);

/// <summary>The ground truth that a caption leaves open.</summary>
/// <param name="First">The caption's first object.</param>
/// <param name="Second">The caption's second object, null when it has one.</param>
/// <param name="FirstInFront">Which object covers the other where they overlap.</param>
public sealed record ToyLayout(ToyPlacement First, ToyPlacement? Second, bool FirstInFront);
