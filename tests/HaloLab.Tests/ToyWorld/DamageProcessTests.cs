using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

public class DamageProcessTests
{
    private static readonly ToyCaption Caption = ToyCaption.Parse("a cyan cross moving right on a light background");
    private static readonly VideoClip Clean = ToyRenderer.Render(Caption, ToyRenderer.DrawLayout(Caption, new RandomStream(1, "layout")));

    [Fact]
    public void ExactlyTheReportedCellsChange()
    {
        for (int i = 0; i < 50; i++)
        {
            (VideoClip damaged, IReadOnlyList<DamagedCell> cells) = new DamageProcess(1.0).Apply(Clean, new RandomStream(1, "damage", i));
            Assert.InRange(cells.Count, 1, 4);
            HashSet<(int, int, int)> reported = [.. cells.Select(cell => (cell.Time, cell.Row, cell.Column))];
            HashSet<(int, int, int)> changed = [];
            for (int p = 0; p < Clean.Pixels.Length; p++)
            {
                if (Clean.Pixels[p] != damaged.Pixels[p])
                {
                    changed.Add((p / 3 / 1024 / 2, p / 3 % 1024 / 32 / 8, p / 3 % 32 / 8));
                }
            }

            Assert.Equal(reported.Order(), changed.Order());
        }
    }

    [Fact]
    public void ProbabilityIsTheShareOfDamagedClips()
    {
        int damaged = Enumerable.Range(0, 2000).Count(i => new DamageProcess(0.4).Apply(Clean, new RandomStream(1, "share", i)).Cells.Count > 0);
        Assert.InRange(damaged, 735, 865); // 800 ± 3 standard deviations
        Assert.Same(Clean, new DamageProcess(0.0).Apply(Clean, new RandomStream(1, "none")).Clip);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DamageProcess(1.5));
    }

    [Fact]
    public void SameStreamGivesSameDamage()
    {
        string Hash(long index) => new DamageProcess(1.0).Apply(Clean, new RandomStream(3, "damage", index)).Clip.ContentHash;
        Assert.Equal(Hash(5), Hash(5));
        Assert.NotEqual(Hash(5), Hash(6));
    }
}
