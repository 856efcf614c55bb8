namespace HaloLab.ToyWorld;

/// <summary>One object as a caption describes it.</summary>
public sealed record ToyObject(ToyKind Kind, ToyColour Colour, ToyDirection Direction)
{
    /// <summary>For example <c>a red circle moving left</c>.</summary>
    public override string ToString() => $"a {Colour} {Kind} moving {Direction}".ToLowerInvariant();
}
