namespace HaloLab.Evaluation.VBench;

/// <summary>What one clip adds to a dimension that is a mean over frames.</summary>
/// <param name="Sum">Sum over its terms.</param>
/// <param name="Count">Number of its terms; 0 where the clip has none, and so no value.</param>
public readonly record struct ClipTerms(double Sum, int Count)
{
    /// <summary>The clip's value; NaN without terms.</summary>
    public double Mean => Count > 0 ? Sum / Count : double.NaN;

    /// <summary>Mean over all terms of all clips: long clips count more. What VBench prints for consistency in one process.</summary>
    public static double FrameWeighted(IReadOnlyCollection<ClipTerms> clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        return clips.Sum(clip => clip.Sum) / clips.Sum(clip => clip.Count);
    }

    /// <summary>Mean over the clips that have a value. What VBench prints for subject consistency in several processes.</summary>
    public static double ClipWeighted(IEnumerable<ClipTerms> clips)
    {
        double[] values = [.. clips.Where(clip => clip.Count > 0).Select(clip => clip.Mean)];
        return values.Length > 0 ? values.Average() : double.NaN;
    }
}
