namespace HaloLab.ToyWorld;

/// <summary>The colours of the toy world, in 0 .. 1.</summary>
internal static class ToyPalette
{
    internal readonly record struct Rgb(float Red, float Green, float Blue)
    {
        public float SquaredDistance(Rgb other)
        {
            (float red, float green, float blue) = (Red - other.Red, Green - other.Green, Blue - other.Blue);
            return (red * red) + (green * green) + (blue * blue);
        }
    }

    public static Rgb Of(ToyColour colour) => colour switch
    {
        ToyColour.Red => new Rgb(0.90f, 0.14f, 0.14f),
        ToyColour.Green => new Rgb(0.14f, 0.70f, 0.18f),
        ToyColour.Blue => new Rgb(0.18f, 0.30f, 0.94f),
        ToyColour.Yellow => new Rgb(0.96f, 0.84f, 0.12f),
        ToyColour.Purple => new Rgb(0.78f, 0.20f, 0.88f),
        _ => new Rgb(0.12f, 0.80f, 0.84f),
    };

    public static Rgb Of(ToyBackground background) => background switch
    {
        ToyBackground.Dark => new Rgb(0.10f, 0.10f, 0.12f),
        _ => new Rgb(0.88f, 0.88f, 0.86f),
    };
}
