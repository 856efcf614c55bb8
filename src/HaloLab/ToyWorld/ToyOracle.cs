using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>
/// Knows the truth about a clip of the toy world: analysis by synthesis. The caption says what there should be, a fit says where it is, drawing
/// it gives the ideal clip, and the residual says what is wrong and where.
/// </summary>
/// <remarks>
/// Kind, colour and background come from the caption; position and size are fitted in every frame by itself, see <see cref="ClipFit"/>. An object
/// that is missing altogether leaves no residual: an empty clip has no local defects, and <see cref="OracleMeasures.ObjectPresence"/> says so.
/// </remarks>
public static class ToyOracle
{
    /// <summary>
    /// Root mean square residual of a cell up to which it is fine, severity 0. A 3×3 box blur of a flawless clip stays below it
    /// (docs/toy-world.md has the distribution).
    /// </summary>
    public const double UnnoticedError = 0.06;

    /// <summary>Root mean square residual from which on a cell is wholly spoiled, severity 1.</summary>
    public const double SpoiledError = 0.40;

    // Objects grown by this many quarters of a pixel hold all of their outline.
    private const int OutlineGrowth = 6;

    // A wrong direction needs to be a direction: a clip that stands still obeys none.
    private const double LeastSpeed = 0.5;
    private const int LeastFrames = 4;

    // A background of neither colour has this share of the capped error.
    private const double WorstBackground = 0.6;

    /// <summary>Severity per patch.</summary>
    /// <exception cref="InputException">The grid is finer than 8×8×8.</exception>
    public static OracleAssessment Assess(VideoClip clip, ToyCaption caption, PatchGrid grid)
    {
        FramePlanes[] frames = Frames(clip);
        ArgumentNullException.ThrowIfNull(caption);
        (ToyKind Kind, ToyColour Colour)[] objects = [.. caption.Objects.Select(item => (item.Kind, item.Colour))];
        ObjectFit[][] tracks = [.. objects.Select(item => ClipFit.Track(frames, caption.Background, item.Kind, item.Colour))];
        ClipFit fit = new(frames, caption.Background, objects, tracks);
        float[][] residuals = [.. frames.Zip(fit.Ideal, Residual.Of)];
        double[] errors = [.. ToyRenderer.Lattice.PixelCells(grid).Select(cell => MeanOver(residuals, cell))];
        return new OracleAssessment(grid, errors, [.. errors.Select(Severity)]);
    }

    /// <summary>Measures of the whole clip. Attributes are decided by fitting the alternatives.</summary>
    public static OracleMeasures Measure(VideoClip clip, ToyCaption caption)
    {
        FramePlanes[] frames = Frames(clip);
        ArgumentNullException.ThrowIfNull(caption);
        (ToyBackground background, double backgroundError) = NearestBackground(frames);
        Found[] found = Find(frames, background, caption);
        ClipFit fit = new(frames, background, [.. found.Select(item => (item.Kind, item.Colour))], [.. found.Select(item => item.Track)]);
        float[][] residuals = [.. frames.Zip(fit.Ideal, Residual.Of)];
        bool[][] covered = [.. Enumerable.Range(0, frames.Length).Select(t => Covered(fit, t))];
        return new OracleMeasures(
            KindObedience: Share(found, caption, (item, asked) => item.Kind == asked.Kind),
            ColourObedience: Share(found, caption, (item, asked) => item.Colour == asked.Colour),
            DirectionObedience: Share(found, caption, (item, asked) => Moves(item.Velocity, asked.Direction)),
            BackgroundObedience: background == caption.Background && backgroundError < WorstBackground ? 1.0 : 0.0,
            ObjectPresence: found.Average(item => item.Track.Average(frame => frame.Present ? 1.0 : 0.0)),
            ObjectFidelity: Fidelity(fit, residuals),
            Motion: found.Average(item => Math.Sqrt((item.Velocity.X * item.Velocity.X) + (item.Velocity.Y * item.Velocity.Y))),
            Flicker: Flicker(frames, covered),
            BackgroundCleanliness: 1.0 - CappedMean(residuals, covered));
    }

    /// <summary>How different the clips of one prompt are: mean over pairs of the root mean square difference of their pixels, in 0 .. 1.</summary>
    /// <exception cref="ArgumentException">Fewer than two clips, or sizes differ.</exception>
    public static double Diversity(IReadOnlyList<VideoClip> clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        if (clips.Count < 2)
        {
            throw new ArgumentException("Diversity needs at least two clips.", nameof(clips));
        }

        double sum = 0;
        for (int i = 0; i < clips.Count; i++)
        {
            for (int j = i + 1; j < clips.Count; j++)
            {
                sum += Distance(clips[i].Pixels, clips[j].Pixels);
            }
        }

        return sum / (clips.Count * (clips.Count - 1) / 2);
    }

    /// <summary>Severity of a cell with a mean squared residual: linear in its root between the two bounds.</summary>
    internal static double Severity(double meanSquaredError)
        => Math.Clamp((Math.Sqrt(meanSquaredError) - UnnoticedError) / (SpoiledError - UnnoticedError), 0.0, 1.0);

    private static FramePlanes[] Frames(VideoClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return (clip.Frames, clip.Height, clip.Width) == (ToyRenderer.Frames, ToyRenderer.Size, ToyRenderer.Size)
            ? FramePlanes.Of(clip)
            : throw new ArgumentException($"The toy world's clips are 8×32×32, got {clip.Frames}×{clip.Height}×{clip.Width}.", nameof(clip));
    }

    private static double MeanOver(float[][] residuals, PixelCell cell)
    {
        double sum = 0;
        for (int t = cell.FrameStart; t < cell.FrameEnd; t++)
        {
            for (int y = cell.RowStart; y < cell.RowEnd; y++)
            {
                for (int x = cell.ColumnStart; x < cell.ColumnEnd; x++)
                {
                    sum += residuals[t][(y * ToyRenderer.Size) + x];
                }
            }
        }

        return sum / cell.PixelCount;
    }

    private static (ToyBackground Background, double Error) NearestBackground(FramePlanes[] frames)
        => Enum.GetValues<ToyBackground>().Select(background => (background, Error: BackgroundError(frames, ToyPalette.Of(background)))).MinBy(pair => pair.Error);

    private static double BackgroundError(FramePlanes[] frames, ToyPalette.Rgb colour)
    {
        double sum = 0;
        foreach (FramePlanes frame in frames)
        {
            for (int i = 0; i < FramePlanes.Count; i++)
            {
                sum += Math.Min(frame[i].SquaredDistance(colour), GainMap.Cap);
            }
        }

        return sum / (frames.Length * FramePlanes.Count * GainMap.Cap);
    }

    /// <summary>
    /// Looks for the caption's objects: each in its own colour first; one that is not there in half of the frames may have any colour that
    /// nobody asked for. Of the combinations, two objects never in one colour, the one that explains most counts; then, for each object, the
    /// kind that explains most in that colour.
    /// </summary>
    private static Found[] Find(FramePlanes[] frames, ToyBackground background, ToyCaption caption)
    {
        Candidate[] first = Candidates(frames, background, caption.First, caption);
        if (caption.Second is null)
        {
            return [WithBestKind(frames, background, first.MaxBy(candidate => candidate.Gain)!)];
        }

        Candidate[] second = Candidates(frames, background, caption.Second, caption);
        (Candidate One, Candidate Two) best = (from one in first from two in second where one.Colour != two.Colour select (one, two)).MaxBy(pair => pair.one.Gain + pair.two.Gain);
        return [WithBestKind(frames, background, best.One), WithBestKind(frames, background, best.Two)];
    }

    private static Candidate[] Candidates(FramePlanes[] frames, ToyBackground background, ToyObject asked, ToyCaption caption)
    {
        Candidate own = Fit(frames, background, asked.Kind, asked.Colour);
        return own.Present
            ? [own]
            : [own, .. Enum.GetValues<ToyColour>().Except(caption.Objects.Select(item => item.Colour)).Select(other => Fit(frames, background, asked.Kind, other))];
    }

    private static Found WithBestKind(FramePlanes[] frames, ToyBackground background, Candidate candidate)
    {
        Candidate best = Enum.GetValues<ToyKind>()
            .Select(kind => kind == candidate.Kind ? candidate : Fit(frames, background, kind, candidate.Colour))
            .MaxBy(fit => fit.Gain)!;
        return new Found(best.Kind, best.Colour, best.Track, best.Present, Velocity(best.Track));
    }

    private static Candidate Fit(FramePlanes[] frames, ToyBackground background, ToyKind kind, ToyColour colour)
        => new(kind, colour, ClipFit.Track(frames, background, kind, colour));

    /// <summary>Median slope over all pairs of frames in which the object is there (Theil–Sen): a few frames fitted wrongly do not move it.</summary>
    private static (double X, double Y) Velocity(ObjectFit[] track)
    {
        int[] frames = [.. Enumerable.Range(0, track.Length).Where(t => track[t].Present)];
        return frames.Length < LeastFrames ? (0.0, 0.0) : (Slope(frames, t => track[t].X), Slope(frames, t => track[t].Y));
    }

    private static double Slope(int[] frames, Func<int, double> position)
    {
        double[] slopes = [.. (from earlier in frames from later in frames where later > earlier select (position(later) - position(earlier)) / (later - earlier)).Order()];
        return (slopes[slopes.Length / 2] + slopes[(slopes.Length - 1) / 2]) / 2.0;
    }

    private static bool Moves((double X, double Y) velocity, ToyDirection direction)
    {
        (int x, int y) = ToyRenderer.Step(direction);
        double along = (velocity.X * x) + (velocity.Y * y);
        double across = Math.Abs((velocity.X * y) + (velocity.Y * x));
        return along >= LeastSpeed && along > across;
    }

    private static double Share(Found[] found, ToyCaption caption, Func<Found, ToyObject, bool> obeyed)
        => found.Zip(caption.Objects).Average(pair => pair.First.Present && obeyed(pair.First, pair.Second) ? 1.0 : 0.0);

    private static bool[] Covered(ClipFit fit, int frame)
    {
        bool[] covered = new bool[FramePlanes.Count];
        for (int item = 0; item < fit.Tracks.Length; item++)
        {
            if (fit.Tracks[item][frame].Present)
            {
                fit.Mark(item, frame, OutlineGrowth, covered);
            }
        }

        return covered;
    }

    private static double Fidelity(ClipFit fit, float[][] residuals)
    {
        double sum = 0;
        for (int item = 0; item < fit.Tracks.Length; item++)
        {
            for (int t = 0; t < residuals.Length; t++)
            {
                if (fit.Tracks[item][t].Present)
                {
                    bool[] region = new bool[FramePlanes.Count];
                    fit.Mark(item, t, OutlineGrowth, region);
                    sum += 1.0 - CappedMean([residuals[t]], [[.. region.Select(inside => !inside)]]);
                }
            }
        }

        return sum / (fit.Tracks.Length * residuals.Length);
    }

    /// <summary>Mean over the pixels that are not left out of the residual capped at 1, in units of the cap.</summary>
    private static double CappedMean(float[][] residuals, bool[][] leftOut)
    {
        double sum = 0;
        int count = 0;
        for (int t = 0; t < residuals.Length; t++)
        {
            for (int i = 0; i < FramePlanes.Count; i++)
            {
                if (!leftOut[t][i])
                {
                    // Residuals are means over three channels, the cap is on their sum.
                    sum += Math.Min(3f * residuals[t][i], GainMap.Cap) / GainMap.Cap;
                    count++;
                }
            }
        }

        return count == 0 ? 0.0 : sum / count;
    }

    private static double Flicker(FramePlanes[] frames, bool[][] covered)
    {
        double sum = 0;
        int count = 0;
        for (int t = 1; t < frames.Length; t++)
        {
            for (int i = 0; i < FramePlanes.Count; i++)
            {
                if (!covered[t][i] && !covered[t - 1][i])
                {
                    (ToyPalette.Rgb now, ToyPalette.Rgb before) = (frames[t][i], frames[t - 1][i]);
                    sum += (Math.Abs(now.Red - before.Red) + Math.Abs(now.Green - before.Green) + Math.Abs(now.Blue - before.Blue)) / 3f;
                    count++;
                }
            }
        }

        return count == 0 ? 0.0 : sum / count;
    }

    private static double Distance(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.Length != second.Length)
        {
            throw new ArgumentException("Clips of different sizes have no distance.", nameof(second));
        }

        double sum = 0;
        for (int i = 0; i < first.Length; i++)
        {
            double difference = (first[i] - second[i]) / 255.0;
            sum += difference * difference;
        }

        return Math.Sqrt(sum / first.Length);
    }

    private sealed record Candidate(ToyKind Kind, ToyColour Colour, ObjectFit[] Track)
    {
        public float Gain { get; } = Track.Sum(fit => fit.Gain);

        public bool Present { get; } = Track.Count(fit => fit.Present) * 2 >= Track.Length;
    }

    private sealed record Found(ToyKind Kind, ToyColour Colour, ObjectFit[] Track, bool Present, (double X, double Y) Velocity);
}
