namespace HaloLab.ToyWorld;

/// <summary>Where an object of a given kind and colour fits one frame best.</summary>
/// <param name="QuarterX">Column of the centre, in quarters of a pixel.</param>
/// <param name="QuarterY">Row of the centre, in quarters of a pixel.</param>
/// <param name="Radius">Index of the radius, see <see cref="ObjectTemplates.Radius"/>.</param>
/// <param name="Gain">Squared error explained by the object, capped per pixel.</param>
/// <param name="Match">Gain as a share of what a flawless, wholly visible object would explain; at most 1.</param>
internal readonly record struct ObjectFit(int QuarterX, int QuarterY, int Radius, float Gain, float Match)
{
    // Half of a flawless object: an object half hidden, or faint, or of which half is broken, is still there.
    private const float LeastMatch = 0.45f;

    private const int CoarseStep = 2 * ObjectTemplates.Quarters;
    private const int First = 4 * ObjectTemplates.Quarters;
    private const int Last = (ToyRenderer.Size - 4) * ObjectTemplates.Quarters;

    private static readonly int[] CoarseRadii = [ObjectTemplates.NearestRadius(4.5), ObjectTemplates.NearestRadius(5.5), ObjectTemplates.NearestRadius(6.5)];

    public double X => (double)QuarterX / ObjectTemplates.Quarters;

    public double Y => (double)QuarterY / ObjectTemplates.Quarters;

    /// <summary>Whether something like the object is there at all.</summary>
    public bool Present => Match >= LeastMatch;

    /// <summary>Scans positions two pixels apart at three sizes, then refines position and size to a quarter of a pixel.</summary>
    public static ObjectFit Search(GainMap gains, ToyKind kind)
    {
        ObjectFit best = new(First, First, CoarseRadii[0], float.NegativeInfinity, 0f);
        foreach (int radius in CoarseRadii)
        {
            for (int y = First; y <= Last; y += CoarseStep)
            {
                for (int x = First; x <= Last; x += CoarseStep)
                {
                    best = best.OrBetter(gains, kind, x, y, radius);
                }
            }
        }

        for (int step = ObjectTemplates.Quarters; step >= 1; step /= 2)
        {
            best = best.Refine(gains, kind, step);
        }

        return best with { Match = best.Gain / (GainMap.Cap * ObjectTemplates.Area(kind, best.Radius)) };
    }

    private ObjectFit Refine(GainMap gains, ToyKind kind, int step)
    {
        ObjectFit best = this;
        while (true)
        {
            ObjectFit start = best;
            for (int dy = -step; dy <= step; dy += step)
            {
                for (int dx = -step; dx <= step; dx += step)
                {
                    best = best.OrBetter(gains, kind, start.QuarterX + dx, start.QuarterY + dy, start.Radius);
                }
            }

            int radiusStep = Math.Max(1, step / 2);
            best = best.OrBetter(gains, kind, start.QuarterX, start.QuarterY, start.Radius - radiusStep);
            best = best.OrBetter(gains, kind, start.QuarterX, start.QuarterY, start.Radius + radiusStep);
            if (best == start)
            {
                return best;
            }
        }
    }

    private ObjectFit OrBetter(GainMap gains, ToyKind kind, int x, int y, int radius)
    {
        const int End = ToyRenderer.Size * ObjectTemplates.Quarters;
        if (x < 0 || x >= End || y < 0 || y >= End || radius < 0 || radius >= ObjectTemplates.Radii)
        {
            return this;
        }

        float gain = ObjectTemplates.Correlate(gains, kind, radius, y, x);
        return gain > Gain ? new ObjectFit(x, y, radius, gain, 0f) : this;
    }
}
