using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>Whether defects come alone, over clips, places and time, and what they would look like if they did.</summary>
/// <param name="sample">The clips.</param>
public sealed class DefectClustering(DefectSample sample)
{
    /// <summary>Shuffles from which <see cref="AtRandom"/> is averaged.</summary>
    public const int Shuffles = 200;

    /// <summary>Gini's coefficient of the share of defective patches over clips.</summary>
    public PromptStatistic OverClips() => OverClips(sample.Defective);

    /// <summary>Gini's coefficient of the share of clips that are defective over cells.</summary>
    public PromptStatistic OverPlaces() => OverPlaces(sample.IsDefective);

    /// <summary>Both coefficients where the same number of defective patches lies anywhere among the judged ones: chance alone spreads them unequally, too.</summary>
    /// <param name="stream">Shuffles.</param>
    public (double OverClips, double OverPlaces) AtRandom(RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        (int Clip, int Cell)[] judged = [.. Enumerable.Range(0, sample.Clips.Count).SelectMany(clip => Enumerable.Range(0, sample.Grid.Count).Where(cell => sample.IsJudged(clip, cell)).Select(cell => (clip, cell)))];
        int defective = Enumerable.Range(0, sample.Clips.Count).Sum(sample.Defective);
        double[] overClips = new double[Shuffles];
        double[] overPlaces = new double[Shuffles];
        for (int i = 0; i < Shuffles; i++)
        {
            stream.Shuffle(judged);
            bool[,] isDefective = new bool[sample.Clips.Count, sample.Grid.Count];
            int[] ofClip = new int[sample.Clips.Count];
            foreach ((int clip, int cell) in judged.AsSpan(0, defective))
            {
                isDefective[clip, cell] = true;
                ofClip[clip]++;
            }

            overClips[i] = OverClips(clip => ofClip[clip]).Estimate();
            overPlaces[i] = OverPlaces((clip, cell) => isDefective[clip, cell]).Estimate();
        }

        return (Moments.Mean(overClips), Moments.Mean(overPlaces));
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

    private PromptStatistic OverPlaces(Func<int, int, bool> isDefective)
    {
        double[,] defective = new double[sample.Prompts.Count, sample.Grid.Count];
        double[,] judged = new double[sample.Prompts.Count, sample.Grid.Count];
        for (int clip = 0; clip < sample.Clips.Count; clip++)
        {
            for (int cell = 0; cell < sample.Grid.Count; cell++)
            {
                defective[sample.PromptOf(clip), cell] += isDefective(clip, cell) ? 1 : 0;
                judged[sample.PromptOf(clip), cell] += sample.IsJudged(clip, cell) ? 1 : 0;
            }
        }

        return PromptStatistic.Weighted(sample.Prompts.Count, times => GiniCoefficient.Of(
            [.. Enumerable.Range(0, sample.Grid.Count).Select(cell => (Amount: Sum(defective, times, cell), Of: Sum(judged, times, cell))).Where(item => item.Of > 0).Select(item => item.Amount / item.Of)]));

        static double Sum(double[,] ofPrompt, int[] times, int cell)
        {
            double sum = 0;
            for (int prompt = 0; prompt < times.Length; prompt++)
            {
                sum += times[prompt] * ofPrompt[prompt, cell];
            }

            return sum;
        }
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
