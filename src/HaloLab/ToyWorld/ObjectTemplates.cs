using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HaloLab.ToyWorld;

/// <summary>
/// Coverage masks of the four kinds at quarter-pixel positions and quarter-pixel radii, made once, and their correlation with a padded map of
/// gains: the inner loop of <see cref="ToyOracle"/>.
/// </summary>
internal static class ObjectTemplates
{
    /// <summary>Positions are counted in quarters of a pixel.</summary>
    public const int Quarters = 4;

    /// <summary>Radii are 3.5, 3.75 … 7.5: somewhat beyond what the renderer draws.</summary>
    public const int Radii = 17;

    private const double FirstRadius = 3.5;
    private const int Rows = 20;

    // 20 columns are needed; three vectors of eight are quicker than two and a half.
    private const int Columns = 24;
    private const int Reach = 10;

    private static readonly (float[] Mask, float Area)[][] ByKind = [.. Enum.GetValues<ToyKind>().Select(MakeAll)];

    public static double Radius(int index) => FirstRadius + ((double)index / Quarters);

    public static int NearestRadius(double radius) => Math.Clamp((int)Math.Round((radius - FirstRadius) * Quarters), 0, Radii - 1);

    /// <summary>Sum of the coverage of a whole object, in pixels.</summary>
    public static float Area(ToyKind kind, int radius) => ByKind[(int)kind][radius * Quarters * Quarters].Area;

    /// <summary>Sum of coverage × gain with the centre at column x/4, row y/4.</summary>
    public static float Correlate(GainMap gains, ToyKind kind, int radius, int y, int x)
    {
        (float[] mask, _) = ByKind[(int)kind][(((radius * Quarters) + (y % Quarters)) * Quarters) + (x % Quarters)];
        ref float template = ref MemoryMarshal.GetArrayDataReference(mask);
        ref float gain = ref gains.At((y / Quarters) - Reach, (x / Quarters) - Reach);
        Vector256<float> sum = Vector256<float>.Zero;
        for (nuint row = 0; row < Rows; row++)
        {
            sum += Vector256.LoadUnsafe(ref template, row * Columns) * Vector256.LoadUnsafe(ref gain, row * GainMap.Stride);
            sum += Vector256.LoadUnsafe(ref template, (row * Columns) + 8) * Vector256.LoadUnsafe(ref gain, (row * GainMap.Stride) + 8);
            sum += Vector256.LoadUnsafe(ref template, (row * Columns) + 16) * Vector256.LoadUnsafe(ref gain, (row * GainMap.Stride) + 16);
        }

        return Vector256.Sum(sum);
    }

    /// <summary>Calls <paramref name="paint"/> with pixel index and coverage for every pixel of the picture that the object covers.</summary>
    public static void ForEachPixel(ToyKind kind, int radius, int y, int x, Action<int, float> paint)
    {
        (float[] mask, _) = ByKind[(int)kind][(((radius * Quarters) + (y % Quarters)) * Quarters) + (x % Quarters)];
        int top = (y / Quarters) - Reach;
        int left = (x / Quarters) - Reach;
        for (int row = Math.Max(0, -top); row < Math.Min(Rows, ToyRenderer.Size - top); row++)
        {
            for (int column = Math.Max(0, -left); column < Math.Min(Columns, ToyRenderer.Size - left); column++)
            {
                float coverage = mask[(row * Columns) + column];
                if (coverage > 0f)
                {
                    paint(((top + row) * ToyRenderer.Size) + left + column, coverage);
                }
            }
        }
    }

    private static (float[] Mask, float Area)[] MakeAll(ToyKind kind)
    {
        (float[] Mask, float Area)[] masks = new (float[], float)[Radii * Quarters * Quarters];
        for (int i = 0; i < masks.Length; i++)
        {
            double radius = Radius(i / (Quarters * Quarters));
            double phaseY = (double)(i / Quarters % Quarters) / Quarters;
            double phaseX = (double)(i % Quarters) / Quarters;
            float[] mask = new float[Rows * Columns];
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    mask[(row * Columns) + column] = (float)ToyRenderer.Coverage(kind, radius, column - Reach + 0.5 - phaseX, row - Reach + 0.5 - phaseY);
                }
            }

            masks[i] = (mask, mask.Sum());
        }

        return masks;
    }
}
