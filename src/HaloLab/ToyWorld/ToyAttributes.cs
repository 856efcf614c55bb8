namespace HaloLab.ToyWorld;

/// <summary>The shape of an object.</summary>
public enum ToyKind
{
    Circle,
    Square,
    Triangle,
    Cross,
}

/// <summary>The colour of an object. The colours lie far apart in RGB, so that one is never a shade of another.</summary>
public enum ToyColour
{
    Red,
    Green,
    Blue,
    Yellow,
    Purple,
    Cyan,
}

/// <summary>Where an object moves, in the picture: up is towards row 0.</summary>
public enum ToyDirection
{
    Left,
    Right,
    Up,
    Down,
}

/// <summary>The plain colour behind the objects.</summary>
public enum ToyBackground
{
    Dark,
    Light,
}
