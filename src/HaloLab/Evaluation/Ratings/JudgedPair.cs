namespace HaloLab.Evaluation.Ratings;

/// <summary>Two videos, or two patches, of which people prefer one and a scorer has scores for both.</summary>
/// <param name="First">The independent unit of the first: the number of its video, or of its prompt.</param>
/// <param name="Second">The same of the second.</param>
/// <param name="Margin">Score of the first minus score of the second.</param>
/// <param name="PrefersFirst">Whether people prefer the first.</param>
public readonly record struct JudgedPair(int First, int Second, double Margin, bool PrefersFirst)
{
    /// <summary>Whether the scorer prefers what people prefer; no where it prefers neither.</summary>
    public bool IsRight => Margin != 0 && Margin > 0 == PrefersFirst;

    /// <summary>The same place in every two clips of a prompt, where people grade the two patches differently; prompts are the units.</summary>
    /// <param name="scores">A scorer's patches of each clip.</param>
    /// <param name="grades">People's, NaN where there is none.</param>
    /// <param name="promptOfClip">The number of each clip's prompt, from 0.</param>
    public static IReadOnlyList<JudgedPair> SamePlace(IReadOnlyList<double[]> scores, IReadOnlyList<double[]> grades, IReadOnlyList<int> promptOfClip)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(grades);
        ArgumentNullException.ThrowIfNull(promptOfClip);
        return
        [
            .. from clips in Enumerable.Range(0, promptOfClip.Count).GroupBy(clip => promptOfClip[clip])
               from first in clips
               from second in clips
               where first < second
               from place in Enumerable.Range(0, grades[first].Length)
               let difference = grades[first][place] - grades[second][place]
               where difference is > 0 or < 0
               select new JudgedPair(clips.Key, clips.Key, scores[first][place] - scores[second][place], difference > 0),
        ];
    }
}
