using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

/// <summary>A mixture of clips as a generator makes them: 70 % with local damage, a quarter moving another way than asked.</summary>
internal static class RatedClips
{
    public static OracleVerdict[] Verdicts(int count) => [.. ToyClips.Captions(count).Index().Select(entry =>
    {
        VideoClip clip = ToyClips.Damaged(entry.Item, entry.Index, 0.7).Clip;
        ToyCaption asked = entry.Index % 4 != 0 ? entry.Item : new ToyCaption(Turned(entry.Item.First), entry.Item.Second, entry.Item.Background);
        return OracleVerdict.Of(clip, asked, ToyClips.Grid);
    })];

    /// <summary>Over all triples of five annotators and all clips: shares of clip grades that are all equal, and that differ by at most one.</summary>
    public static (double Unanimous, double WithinOne) Agreement(OracleVerdict[] verdicts, long seed)
    {
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(seed);
        List<int> ranges = [];
        foreach (OracleVerdict verdict in verdicts)
        {
            int?[] grades = [.. annotators.Select(annotator => annotator.Grade(verdict).Clip)];
            for (int i = 0; i < grades.Length; i++)
            {
                for (int j = i + 1; j < grades.Length; j++)
                {
                    for (int k = j + 1; k < grades.Length; k++)
                    {
                        if ((grades[i], grades[j], grades[k]) is (int a, int b, int c))
                        {
                            ranges.Add(Math.Max(a, Math.Max(b, c)) - Math.Min(a, Math.Min(b, c)));
                        }
                    }
                }
            }
        }

        return (ranges.Count(range => range == 0) / (double)ranges.Count, ranges.Count(range => range <= 1) / (double)ranges.Count);
    }

    private static ToyObject Turned(ToyObject item) => item with { Direction = (ToyDirection)(((int)item.Direction + 1) % 4) };
}
