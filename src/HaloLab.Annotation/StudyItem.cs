namespace HaloLab.Annotation;

/// <summary>One thing that one annotator is shown: a clip, or two clips side by side.</summary>
/// <param name="Id">Blind: says nothing about clip, method or model, and is another one for each annotator.</param>
/// <param name="Clips">One, or the left and the right one.</param>
/// <param name="IsTraining">Whether its answers are known and told.</param>
public sealed record StudyItem(string Id, IReadOnlyList<StudyClip> Clips, bool IsTraining)
{
    /// <summary>Whether the left clip is the second of the pair, as labels have it.</summary>
    public bool IsSwapped => Clips.Count == 2 && string.CompareOrdinal(Clips[0].Hash, Clips[1].Hash) > 0;

    /// <summary>The name of answering it, in labels: the item, and for a pair the order in which it was shown.</summary>
    public string ResponseId => $"annotation {Id}{(Clips.Count < 2 ? "" : IsSwapped ? " BA" : " AB")}";
}
