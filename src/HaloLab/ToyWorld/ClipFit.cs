namespace HaloLab.ToyWorld;

/// <summary>
/// The ideal clip of given objects that is nearest to a clip: every frame is fitted by itself, so an object that stands still, jumps or moves
/// the wrong way is no local defect (that is measured as obedience instead), while a malformed object or a spoiled patch is.
/// </summary>
internal sealed class ClipFit
{
    // Objects whose centres are closer than this many radii may overlap; which one is in front is then tried both ways.
    private const double MayOverlap = 1.4;

    private readonly ToyPalette.Rgb _background;
    private readonly IReadOnlyList<(ToyKind Kind, ToyColour Colour)> _objects;

    /// <param name="frames">The clip.</param>
    /// <param name="background">Its background.</param>
    /// <param name="objects">What to look for.</param>
    /// <param name="tracks">The fits of each object in each frame, see <see cref="Track"/>.</param>
    public ClipFit(FramePlanes[] frames, ToyBackground background, IReadOnlyList<(ToyKind Kind, ToyColour Colour)> objects, ObjectFit[][] tracks)
    {
        _background = ToyPalette.Of(background);
        _objects = objects;
        Tracks = tracks;
        Ideal = [.. frames.Select(Nearest)];
    }

    /// <summary>Object × frame.</summary>
    public ObjectFit[][] Tracks { get; }

    /// <summary>The ideal frames; objects that are not <see cref="ObjectFit.Present"/> are left out.</summary>
    public FramePlanes[] Ideal { get; }

    /// <summary>Fits one object to every frame.</summary>
    public static ObjectFit[] Track(FramePlanes[] frames, ToyBackground background, ToyKind kind, ToyColour colour)
    {
        GainMap gains = new();
        ObjectFit[] track = new ObjectFit[frames.Length];
        for (int t = 0; t < frames.Length; t++)
        {
            gains.Set(frames[t], ToyPalette.Of(background), ToyPalette.Of(colour));
            track[t] = ObjectFit.Search(gains, kind);
        }

        return track;
    }

    /// <summary>Marks the pixels of an object grown by <paramref name="growth"/> quarters of a pixel.</summary>
    public void Mark(int item, int frame, int growth, bool[] marked)
    {
        ObjectFit fit = Tracks[item][frame];
        int radius = Math.Min(fit.Radius + growth, ObjectTemplates.Radii - 1);
        ObjectTemplates.ForEachPixel(_objects[item].Kind, radius, fit.QuarterY, fit.QuarterX, (pixel, _) => marked[pixel] = true);
    }

    private FramePlanes Nearest(FramePlanes frame, int t)
    {
        int[] present = [.. Enumerable.Range(0, Tracks.Length).Where(item => Tracks[item][t].Present)];
        FramePlanes drawn = Draw(t, present);
        if (present.Length < 2 || !MightOverlap(Tracks[0][t], Tracks[1][t]))
        {
            return drawn;
        }

        FramePlanes other = Draw(t, [.. present.Reverse()]);
        return Error(frame, other) < Error(frame, drawn) ? other : drawn;
    }

    private FramePlanes Draw(int t, int[] order)
    {
        FramePlanes frame = new();
        frame.Fill(_background);
        foreach (int item in order)
        {
            ObjectFit fit = Tracks[item][t];
            ToyPalette.Rgb colour = ToyPalette.Of(_objects[item].Colour);
            ObjectTemplates.ForEachPixel(_objects[item].Kind, fit.Radius, fit.QuarterY, fit.QuarterX, (pixel, coverage) => frame.Mix(pixel, colour, coverage));
        }

        return frame;
    }

    private static bool MightOverlap(ObjectFit first, ObjectFit second)
    {
        double reach = MayOverlap * (ObjectTemplates.Radius(first.Radius) + ObjectTemplates.Radius(second.Radius));
        return Math.Abs(first.X - second.X) < reach && Math.Abs(first.Y - second.Y) < reach;
    }

    private static double Error(FramePlanes frame, FramePlanes ideal)
    {
        double sum = 0;
        for (int i = 0; i < FramePlanes.Count; i++)
        {
            sum += Math.Min(frame[i].SquaredDistance(ideal[i]), GainMap.Cap);
        }

        return sum;
    }
}
