using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>Whether defects come alone, over clips, places and time, and what they would look like if they did.</summary>
/// <param name="sample">The clips.</param>
public sealed class DefectClustering(DefectSample sample)
{
    /// <summary>Shuffles that what chance gives is found by.</summary>
    public const int Shuffles = 200;

    /// <summary>Gini's coefficient of the share of defective patches over clips.</summary>
    public PromptStatistic OverClips() => OverClips(sample.Defective);

    /// <summary>What <see cref="OverClips()"/> is on average where the same number of defective patches lies anywhere among the judged ones of all clips.</summary>
    /// <param name="stream">Shuffles.</param>
    public double OverClipsAtRandom(RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        int[] clipOf = [.. Enumerable.Range(0, sample.Clips.Count).SelectMany(clip => Enumerable.Repeat(clip, sample.Judged(clip)))];
        int defective = Enumerable.Range(0, sample.Clips.Count).Sum(sample.Defective);
        return Moments.Mean([.. Enumerable.Range(0, Shuffles).Select(_ =>
        {
            stream.Shuffle(clipOf);
            int[] ofClip = new int[sample.Clips.Count];
            foreach (int clip in clipOf.AsSpan(0, defective))
            {
                ofClip[clip]++;
            }

            return OverClips(clip => ofClip[clip]).Estimate();
        })]);
    }

    /// <summary>
    /// Gini's coefficient of the share of clips that are defective over cells, held against the same defects elsewhere: each clip's patches are moved round as a whole, by the same random steps in time, height and width, which
    /// keeps defects that hang together.
    /// </summary>
    /// <param name="stream">Moves.</param>
    /// <returns>The coefficient, its mean over <see cref="Shuffles"/> moves, and how likely they are to be as concentrated (k + 1)/(n + 1).</returns>
    public (double Gini, double AtRandom, double PValue) OverPlaces(RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        PatchGrid grid = sample.Grid;
        double own = OverPlaces((_, cell) => cell);
        double[] moved = [.. Enumerable.Range(0, Shuffles).Select(_ =>
        {
            (int T, int H, int W)[] steps = [.. sample.Clips.Select(_ => (stream.Next(grid.Time), stream.Next(grid.Height), stream.Next(grid.Width)))];
            return OverPlaces((clip, cell) =>
            {
                (int t, int h, int w) = grid.Cell(cell);
                return grid.Index((t + steps[clip].T) % grid.Time, (h + steps[clip].H) % grid.Height, (w + steps[clip].W) % grid.Width);
            });
        })];

        // Sums in another order differ by rounding; as concentrated counts as at least so.
        return (own, Moments.Mean(moved), double.IsNaN(own) ? double.NaN : (moved.Count(value => value >= own - 1e-12) + 1.0) / (Shuffles + 1.0));
    }

    /// <summary>
    /// How many time steps a defect lasts at its place: defective patches over stretches of them. Places of clips at which a time step was not judged do not count.
    /// </summary>
    public PromptStatistic RunLength() => sample.Ratio(clip => Whole(clip).Sum(place => place.Defective), clip => Whole(clip).Sum(place => place.Runs));

    /// <summary>The same if each place of each clip had its defective time steps in random order: k of T are then in k (T − k + 1) / T stretches on average.</summary>
    public double RunLengthAtRandom()
    {
        (int Defective, int Runs)[] places = [.. Enumerable.Range(0, sample.Clips.Count).SelectMany(Whole)];
        double times = sample.Grid.Time;
        return places.Sum(place => place.Defective) / places.Sum(place => place.Defective * (times - place.Defective + 1) / times);
    }

    /// <summary>
    /// Correlation of being defective between each patch and its neighbour: 0 where a defect says nothing about the next patch. Part of it comes from clips that are
    /// bad as a whole.
    /// </summary>
    /// <param name="step">Where the neighbour lies.</param>
    public PromptStatistic Neighbours((int T, int H, int W) step) => Correlation(step, (clip, cell) => sample.IsDefective(clip, cell) ? 1 : 0);

    /// <summary>Correlation of quality between each patch and its neighbour, both less the mean of their clip: what is left of it within clips.</summary>
    /// <param name="step">Where the neighbour lies.</param>
    public PromptStatistic NeighboursWithinClips((int T, int H, int W) step)
    {
        double[] means = [.. sample.Clips.Select(clip => clip.Qualities.Where(quality => !double.IsNaN(quality)).Average())];
        return Correlation(step, (clip, cell) => sample.Clips[clip].Qualities[cell] - means[clip]);
    }

    private PromptStatistic OverClips(Func<int, int> defective)
    {
        int[][] clips = [.. Enumerable.Range(0, sample.Clips.Count).GroupBy(sample.PromptOf).OrderBy(group => group.Key).Select(group => group.ToArray())];
        return PromptStatistic.Weighted(sample.Prompts.Count, times => GiniCoefficient.Of(
            [.. times.SelectMany((often, prompt) => Enumerable.Repeat(clips[prompt], often)).SelectMany(same => same).Select(clip => (double)defective(clip) / sample.Judged(clip))]));
    }

    /// <summary>Gini's coefficient over cells, each clip's cells lying elsewhere.</summary>
    private double OverPlaces(Func<int, int, int> whereTo)
    {
        int[] defective = new int[sample.Grid.Count];
        int[] judged = new int[sample.Grid.Count];
        for (int clip = 0; clip < sample.Clips.Count; clip++)
        {
            for (int cell = 0; cell < sample.Grid.Count; cell++)
            {
                int place = whereTo(clip, cell);
                defective[place] += sample.IsDefective(clip, cell) ? 1 : 0;
                judged[place] += sample.IsJudged(clip, cell) ? 1 : 0;
            }
        }

        return GiniCoefficient.Of([.. defective.Zip(judged).Where(cell => cell.Second > 0).Select(cell => (double)cell.First / cell.Second)]);
    }

    /// <summary>Number of defective steps and of stretches of them, at each place of a clip that was judged at all times.</summary>
    private IEnumerable<(int Defective, int Runs)> Whole(int clip)
    {
        PatchGrid grid = sample.Grid;
        for (int place = 0; place < grid.Height * grid.Width; place++)
        {
            int[] cells = [.. Enumerable.Range(0, grid.Time).Select(t => (t * grid.Height * grid.Width) + place)];
            if (cells.All(cell => sample.IsJudged(clip, cell)))
            {
                bool[] steps = [.. cells.Select(cell => sample.IsDefective(clip, cell))];
                yield return (steps.Count(step => step), steps.Where((step, t) => step && (t == 0 || !steps[t - 1])).Count());
            }
        }
    }

    private PromptStatistic Correlation((int T, int H, int W) step, Func<int, int, double> value)
    {
        PatchGrid grid = sample.Grid;
        List<(double X, double Y)>[] pairs = [.. sample.Prompts.Select(_ => new List<(double, double)>())];
        for (int clip = 0; clip < sample.Clips.Count; clip++)
        {
            for (int cell = 0; cell < grid.Count; cell++)
            {
                (int t, int h, int w) = grid.Cell(cell);
                (t, h, w) = (t + step.T, h + step.H, w + step.W);
                if (t < grid.Time && h < grid.Height && w < grid.Width && sample.IsJudged(clip, cell) && sample.IsJudged(clip, grid.Index(t, h, w)))
                {
                    pairs[sample.PromptOf(clip)].Add((value(clip, cell), value(clip, grid.Index(t, h, w))));
                }
            }
        }

        return PromptStatistic.Correlation(pairs);
    }
}
