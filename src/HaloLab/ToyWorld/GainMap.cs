namespace HaloLab.ToyWorld;

/// <summary>
/// For each pixel, what is gained by explaining it with an object's colour instead of the background:
/// <c>min(|f − background|², cap) − min(|f − colour|², cap)</c>, summed over the channels, and a small loss where neither explains the pixel.
/// Pixels outside the picture gain nothing.
/// </summary>
/// <remarks>
/// The cap lies below the squared distance of any two colours of the toy world, so a pixel of a third colour (another object, damage) speaks
/// hardly for or against: objects can be found one at a time, and a damaged patch does not drag an object towards it. The small loss keeps an
/// object from growing over a neighbour for nothing.
/// </remarks>
internal sealed class GainMap
{
    public const float Cap = 0.2f;
    public const int Stride = ToyRenderer.Size + (2 * Margin);

    private const float Unexplained = 0.1f * Cap;

    // An object's window reaches 10 pixels up and left of its centre, 14 down and right.
    private const int Margin = 14;

    private readonly float[] _gains = new float[Stride * Stride];

    public ref float At(int row, int column) => ref _gains[((row + Margin) * Stride) + column + Margin];

    public void Set(FramePlanes frame, ToyPalette.Rgb background, ToyPalette.Rgb colour)
    {
        for (int y = 0; y < ToyRenderer.Size; y++)
        {
            for (int x = 0; x < ToyRenderer.Size; x++)
            {
                ToyPalette.Rgb pixel = frame[(y * ToyRenderer.Size) + x];
                float toBackground = pixel.SquaredDistance(background);
                float toColour = pixel.SquaredDistance(colour);
                At(y, x) = Math.Min(toBackground, toColour) > Cap ? -Unexplained : Math.Min(toBackground, Cap) - Math.Min(toColour, Cap);
            }
        }
    }
}
