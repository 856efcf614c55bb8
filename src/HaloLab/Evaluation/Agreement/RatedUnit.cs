namespace HaloLab.Evaluation.Agreement;

/// <summary>One thing that annotators rated.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="OtherClip">The second clip of a pair.</param>
/// <param name="Prompt">The prompt, or null where it is not known.</param>
/// <param name="Cell">The patch, or null for the whole video.</param>
/// <param name="Ratings">One for each annotator of the table; NaN where there is none.</param>
public sealed record RatedUnit(string Clip, string? OtherClip, string? Prompt, int? Cell, double[] Ratings)
{
    /// <summary>The independent unit: the prompt, or the clip where no prompt is known.</summary>
    internal string Cluster => Prompt ?? $"clip {Clip}";

    /// <summary>Mean difference of two ratings of this unit, 0 with fewer than two.</summary>
    internal double Disagreement
    {
        get
        {
            double[] present = [.. Ratings.Where(rating => !double.IsNaN(rating))];
            double sum = present.Sum(one => present.Sum(other => Math.Abs(one - other)));
            return present.Length < 2 ? 0 : sum / (present.Length * (present.Length - 1));
        }
    }
}
