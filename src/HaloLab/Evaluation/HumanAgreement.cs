using HaloLab.Statistics;

namespace HaloLab.Evaluation;

/// <summary>
/// Agreement of patch scores with a reference (claim C1). Scores and references are <c>[clip][cell]</c>, NaN where missing, higher is better;
/// <c>promptOfClip</c> gives every clip's prompt, and prompts are numbered in rising order of these.
/// </summary>
public static class HumanAgreement
{
    /// <summary>A measure of agreement: scores, reference, prompt of each clip → statistic over prompts.</summary>
    public delegate PromptStatistic Measure(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip);

    /// <summary>
    /// Over all pairs of clips of a prompt and all cells: the share in which the scores prefer the clip whose cell the reference prefers.
    /// Cells that the reference ties (a difference of at most <paramref name="tie"/>) are left out; equal scores count one half, as a coin
    /// would, so that coarse grades are not punished for being coarse.
    /// </summary>
    public static PromptStatistic SamePlaceAccuracy(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip, double tie = 0)
    {
        int[][] clipsOfPrompt = ClipsOfPrompts(scores, reference, promptOfClip);
        double[] correct = new double[clipsOfPrompt.Length];
        double[] counts = new double[clipsOfPrompt.Length];
        for (int prompt = 0; prompt < clipsOfPrompt.Length; prompt++)
        {
            int[] clips = clipsOfPrompt[prompt];
            for (int i = 0; i < clips.Length; i++)
            {
                for (int j = i + 1; j < clips.Length; j++)
                {
                    (double pairCorrect, double pairCount) = Compare(scores[clips[i]], scores[clips[j]], reference[clips[i]], reference[clips[j]], tie);
                    correct[prompt] += pairCorrect;
                    counts[prompt] += pairCount;
                }
            }
        }

        return PromptStatistic.Ratio(correct, counts);
    }

    /// <summary>
    /// Mean over clips of Spearman's correlation over the clip's cells. Clips whose reference is constant have none and are left out; constant
    /// scores beside a reference that varies count 0.
    /// </summary>
    public static PromptStatistic WithinClipSpearman(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip) =>
        WithinClip(scores, reference, promptOfClip, (x, y) => Correlation.Spearman(x, y));

    /// <summary>The same with Kendall's τ-b: how much more often two cells of a clip are in the order of the reference than not.</summary>
    /// <inheritdoc cref="WithinClipSpearman"/>
    public static PromptStatistic WithinClipKendall(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip) =>
        WithinClip(scores, reference, promptOfClip, (x, y) => Correlation.KendallTauB(x, y, PValueMethod.Normal));

    /// <summary>
    /// Spearman's correlation over the cells of all clips; constant scores beside a reference that varies count 0: they order nothing. When prompts are
    /// drawn again the ranks stay those of the whole sample, which makes a replicate a few sums instead of a sort.
    /// </summary>
    public static PromptStatistic PooledSpearman(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip)
    {
        int[][] clipsOfPrompt = ClipsOfPrompts(scores, reference, promptOfClip);
        (int Prompt, double Score, double Reference)[] cells =
        [
            .. from prompt in Enumerable.Range(0, clipsOfPrompt.Length)
               from clip in clipsOfPrompt[prompt]
               from pair in Present(scores[clip], reference[clip])
               select (prompt, pair.Score, pair.Reference),
        ];
        double[] scoreRanks = CentredRanks([.. cells.Select(cell => cell.Score)]);
        double[] referenceRanks = CentredRanks([.. cells.Select(cell => cell.Reference)]);
        List<(double, double)>[] pairs = [.. clipsOfPrompt.Select(_ => new List<(double, double)>())];
        for (int i = 0; i < cells.Length; i++)
        {
            pairs[cells[i].Prompt].Add((scoreRanks[i], referenceRanks[i]));
        }

        return PromptStatistic.Correlation(pairs, ofConstantX: 0);
    }

    /// <summary>
    /// Leave-one-annotator-out: each annotator in turn is held against the mean of the others' grades, and so is the model; cells that the
    /// annotator did not grade are left out for both.
    /// </summary>
    /// <param name="measure">For example <see cref="WithinClipSpearman"/>.</param>
    /// <param name="model">The model's scores.</param>
    /// <param name="annotators">Each annotator's grades, at least two annotators.</param>
    /// <param name="promptOfClip">The prompt of each clip.</param>
    public static AnnotatorComparison LeaveOneOut(Measure measure, IReadOnlyList<double[]> model, IReadOnlyList<IReadOnlyList<double[]>> annotators, IReadOnlyList<int> promptOfClip)
    {
        ArgumentNullException.ThrowIfNull(measure);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(annotators);
        ArgumentOutOfRangeException.ThrowIfLessThan(annotators.Count, 2, nameof(annotators));
        List<PromptStatistic> ofModel = [];
        List<PromptStatistic> ofAnnotators = [];
        foreach ((IReadOnlyList<double[]> own, double[][] reference) in OneAgainstOthers(annotators))
        {
            ofModel.Add(measure(model, reference, promptOfClip));
            ofAnnotators.Add(measure(own, reference, promptOfClip));
        }

        return new AnnotatorComparison(PromptStatistic.Mean(ofModel), PromptStatistic.Mean(ofAnnotators));
    }

    /// <summary>
    /// Each annotator in turn held against the mean of the others' grades: what a model reaches that agrees with people as well as people agree with each
    /// other.
    /// </summary>
    /// <param name="measure">For example <see cref="WithinClipSpearman"/>.</param>
    /// <param name="annotators">Each annotator's grades, at least two annotators.</param>
    /// <param name="promptOfClip">The prompt of each clip.</param>
    public static PromptStatistic Ceiling(Measure measure, IReadOnlyList<IReadOnlyList<double[]>> annotators, IReadOnlyList<int> promptOfClip)
    {
        ArgumentNullException.ThrowIfNull(measure);
        ArgumentNullException.ThrowIfNull(annotators);
        ArgumentOutOfRangeException.ThrowIfLessThan(annotators.Count, 2, nameof(annotators));
        return PromptStatistic.Mean([.. OneAgainstOthers(annotators).Select(pair => measure(pair.Own, pair.Reference, promptOfClip))]);
    }

    /// <summary>Every annotator's grades with the mean of the others' grades where the annotator has one.</summary>
    private static IEnumerable<(IReadOnlyList<double[]> Own, double[][] Reference)> OneAgainstOthers(IReadOnlyList<IReadOnlyList<double[]>> annotators)
    {
        for (int left = 0; left < annotators.Count; left++)
        {
            IReadOnlyList<double[]> own = annotators[left];
            IReadOnlyList<double[]>[] others = [.. annotators.Where((_, i) => i != left)];
            yield return (own, [.. own.Select((grades, clip) => grades.Select((grade, cell) => double.IsNaN(grade) ? double.NaN : MeanGrade(others, clip, cell)).ToArray())]);
        }
    }

    /// <summary>The mean of the grades that are there for each cell, NaN where there is none: the reference of all annotators together.</summary>
    public static double[][] MeanGrades(IReadOnlyList<IReadOnlyList<double[]>> annotators)
    {
        ArgumentNullException.ThrowIfNull(annotators);
        ArgumentOutOfRangeException.ThrowIfZero(annotators.Count, nameof(annotators));
        return [.. annotators[0].Select((grades, clip) => grades.Select((_, cell) => MeanGrade(annotators, clip, cell)).ToArray())];
    }

    private static double MeanGrade(IReadOnlyList<IReadOnlyList<double[]>> annotators, int clip, int cell)
    {
        double sum = 0;
        int count = 0;
        foreach (IReadOnlyList<double[]> grades in annotators)
        {
            double grade = grades[clip][cell];
            if (!double.IsNaN(grade))
            {
                sum += grade;
                count++;
            }
        }

        return count == 0 ? double.NaN : sum / count;
    }

    private static (double Correct, double Count) Compare(double[] scoresA, double[] scoresB, double[] referenceA, double[] referenceB, double tie)
    {
        double correct = 0;
        int count = 0;
        for (int cell = 0; cell < scoresA.Length; cell++)
        {
            double wanted = referenceA[cell] - referenceB[cell];
            double got = scoresA[cell] - scoresB[cell];
            if (!double.IsNaN(got) && Math.Abs(wanted) > tie)
            {
                count++;
                correct += got == 0 ? 0.5 : Math.Sign(got) == Math.Sign(wanted) ? 1 : 0;
            }
        }

        return (correct, count);
    }

    private static PromptStatistic WithinClip(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip, Func<double[], double[], CorrelationResult> correlation)
    {
        int[][] clipsOfPrompt = ClipsOfPrompts(scores, reference, promptOfClip);
        double[][] ofClips = [.. clipsOfPrompt.Select(clips => clips.Select(clip => OfClip(scores[clip], reference[clip], correlation)).Where(double.IsFinite).ToArray())];
        return PromptStatistic.Ratio([.. ofClips.Select(values => values.Sum())], [.. ofClips.Select(values => (double)values.Length)]);
    }

    private static double OfClip(double[] scores, double[] reference, Func<double[], double[], CorrelationResult> correlation)
    {
        (double Score, double Reference)[] present = [.. Present(scores, reference)];
        double[] x = [.. present.Select(pair => pair.Score)];
        double[] y = [.. present.Select(pair => pair.Reference)];
        bool varies = y.Length > 1 && y.Any(value => value != y[0]);
        return !varies ? double.NaN : x.All(value => value == x[0]) ? 0 : correlation(x, y).Estimate;
    }

    private static IEnumerable<(double Score, double Reference)> Present(double[] scores, double[] reference) =>
        scores.Zip(reference).Where(pair => !double.IsNaN(pair.First) && !double.IsNaN(pair.Second));

    /// <summary>Ranks around 0, which keeps the digits when squares of many are summed.</summary>
    private static double[] CentredRanks(double[] values) => Array.ConvertAll(Ranks.Average(values), rank => rank - ((values.Length + 1) / 2.0));

    private static int[][] ClipsOfPrompts(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> reference, IReadOnlyList<int> promptOfClip)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(promptOfClip);
        if (scores.Count != reference.Count || scores.Count != promptOfClip.Count)
        {
            throw new ArgumentException($"{scores.Count} clips have scores, {reference.Count} a reference and {promptOfClip.Count} a prompt.", nameof(reference));
        }

        for (int clip = 0; clip < scores.Count; clip++)
        {
            if (scores[clip].Length != reference[clip].Length || scores[clip].Length != scores[0].Length)
            {
                throw new ArgumentException($"Clip {clip} has {scores[clip].Length} scores and {reference[clip].Length} reference values; clip 0 has {scores[0].Length}.", nameof(reference));
            }
        }

        return [.. Enumerable.Range(0, scores.Count).GroupBy(clip => promptOfClip[clip]).OrderBy(group => group.Key).Select(group => group.ToArray())];
    }
}
