namespace HaloLab.ToyWorld;

/// <summary>How far a frame is from its ideal, pixel by pixel, where it can be seen.</summary>
internal static class Residual
{
    /// <summary>
    /// Per pixel, mean over the channels of the squared distance to the range that the ideal frame spans in the 3×3 neighbourhood. Inside objects
    /// and background that range is one colour; along outlines it is everything between the two, so an outline that is soft or off by up to a
    /// pixel, as every decoder makes it, is no error.
    /// </summary>
    public static float[] Of(FramePlanes frame, FramePlanes ideal)
    {
        float[] residual = new float[FramePlanes.Count];
        float[] low = new float[FramePlanes.Count];
        float[] high = new float[FramePlanes.Count];
        for (int c = 0; c < 3; c++)
        {
            float[] values = frame.Channels[c];
            Range(ideal.Channels[c], low, high);
            for (int i = 0; i < residual.Length; i++)
            {
                float distance = Math.Max(0f, Math.Max(values[i] - high[i], low[i] - values[i]));
                residual[i] += distance * distance / 3f;
            }
        }

        return residual;
    }

    private static void Range(float[] values, float[] low, float[] high)
    {
        const int Size = ToyRenderer.Size;
        Span<float> rowLow = stackalloc float[FramePlanes.Count];
        Span<float> rowHigh = stackalloc float[FramePlanes.Count];
        for (int i = 0; i < values.Length; i++)
        {
            float left = values[i % Size == 0 ? i : i - 1];
            float right = values[i % Size == Size - 1 ? i : i + 1];
            rowLow[i] = Math.Min(values[i], Math.Min(left, right));
            rowHigh[i] = Math.Max(values[i], Math.Max(left, right));
        }

        for (int i = 0; i < values.Length; i++)
        {
            int above = i < Size ? i : i - Size;
            int below = i >= Size * (Size - 1) ? i : i + Size;
            low[i] = Math.Min(rowLow[i], Math.Min(rowLow[above], rowLow[below]));
            high[i] = Math.Max(rowHigh[i], Math.Max(rowHigh[above], rowHigh[below]));
        }
    }
}
