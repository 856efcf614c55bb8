using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

public class ToyOracleTests
{
    private static readonly ToyCaption[] Captions = ToyClips.Captions(100);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FlawlessClipsHaveNoDefectsHoweverSoft(int box)
    {
        int defective = Captions.Index().Count(entry => Assess(ToyClips.Soft(ToyClips.Clean(entry.Item, entry.Index), box), entry.Item).WorstSeverity > 0.0);
        Assert.InRange(defective, 0, 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void DamagedCellsAreTheMostSevere(int box)
    {
        List<double> damaged = [];
        List<double> others = [];
        foreach ((int index, ToyCaption caption) in Captions.Index())
        {
            (VideoClip clip, IReadOnlyList<DamagedCell> cells) = ToyClips.Damaged(caption, index);
            double[] severities = Assess(ToyClips.Soft(clip, box), caption).Severities;
            HashSet<int> spoiled = [.. cells.Select(cell => (((cell.Time * 4) + cell.Row) * 4) + cell.Column)];
            damaged.AddRange(severities.Where((_, cell) => spoiled.Contains(cell)));
            others.AddRange(severities.Where((_, cell) => !spoiled.Contains(cell)));
        }

        double area = (from severity in damaged from other in others select severity > other ? 1.0 : severity == other ? 0.5 : 0.0).Average();
        Assert.True(area >= 0.99, $"AUC per cell {area:f4}");
        Assert.True(damaged.Average() > 0.5, $"mean severity of damaged cells {damaged.Average():f3}");

        // Soft damage bleeds a pixel into its neighbours; that is a slight defect of theirs.
        Assert.True(others.Average() < 0.01, $"mean severity of the other cells {others.Average():f4}");
    }

    [Fact]
    public void SeverityIsZeroUpToWhatIsUnnoticedAndSaturates()
    {
        Assert.Equal(0.0, ToyOracle.Severity(0.06 * 0.06));
        Assert.Equal(0.5, ToyOracle.Severity(0.23 * 0.23), 12);
        Assert.Equal(1.0, ToyOracle.Severity(0.5 * 0.5));
    }

    [Fact]
    public void DisobeyedMotionIsNoLocalDefect()
    {
        foreach ((int index, ToyCaption caption) in Captions.Take(40).Index())
        {
            VideoClip clip = ToyClips.Clean(caption, index);
            Assert.Equal(0.0, Assess(ToyClips.Reversed(clip), caption).MeanSeverity, 2);
            Assert.Equal(0.0, Assess(ToyClips.Still(clip), caption).MeanSeverity, 2);
        }
    }

    [Fact]
    public void CellsOfAGridAreTheMeansOfFinerOnes()
    {
        (VideoClip clip, _) = ToyClips.Damaged(Captions[3], 3);
        double[] fine = ToyOracle.Assess(clip, Captions[3], new PatchGrid(8, 8, 8)).Errors;
        double whole = ToyOracle.Assess(clip, Captions[3], new PatchGrid(1, 1, 1)).Errors.Single();
        Assert.Equal(fine.Average(), whole, 9);
        Assert.Throws<InputException>(() => ToyOracle.Assess(clip, Captions[3], new PatchGrid(4, 9, 4)));
        Assert.Throws<ArgumentException>(() => ToyOracle.Assess(new VideoClip(new byte[3], 1, 1, 1, 8), Captions[3], ToyClips.Grid));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void CleanClipsObeyTheirCaptions(int box)
    {
        OracleMeasures[] measures = [.. Captions.Index().Select(entry => ToyOracle.Measure(ToyClips.Soft(ToyClips.Clean(entry.Item, entry.Index), box), entry.Item))];
        Assert.InRange(measures.Average(measure => measure.KindObedience), 0.97, 1.0);
        Assert.InRange(measures.Average(measure => measure.ColourObedience), 0.99, 1.0);
        Assert.InRange(measures.Average(measure => measure.DirectionObedience), 0.99, 1.0);
        Assert.All(measures, measure => Assert.Equal(1.0, measure.BackgroundObedience));
        Assert.InRange(measures.Average(measure => measure.ObjectPresence), 0.99, 1.0);
        Assert.InRange(measures.Average(measure => measure.ObjectFidelity), 0.98, 1.0);
        Assert.InRange(measures.Average(measure => measure.BackgroundCleanliness), 0.99, 1.0);
        Assert.InRange(measures.Average(measure => measure.Flicker), 0.0, 0.002);
    }

    [Fact]
    public void SpeedIsMeasured()
    {
        ToyCaption caption = ToyCaption.Parse("a green triangle moving down on a light background");
        VideoClip clip = ToyRenderer.Render(caption, new ToyLayout(new ToyPlacement(15, 9, 5.2, 1.7), null, FirstInFront: true));
        Assert.Equal(1.7, ToyOracle.Measure(clip, caption).Motion, 0.05);
    }

    [Theory]
    [InlineData("kind")]
    [InlineData("colour")]
    [InlineData("direction")]
    [InlineData("background")]
    public void ObedienceFallsForTheChangedAttributeAlone(string attribute)
    {
        OracleMeasures[] measures =
        [
            .. Captions.Index()
                .Select(entry => (Clip: ToyClips.Soft(ToyClips.Clean(entry.Item, entry.Index), 2), Asked: Change(entry.Item, attribute)))
                .Select(entry => ToyOracle.Measure(entry.Clip, entry.Asked)),
        ];
        foreach ((string name, double value) in new[]
        {
            ("kind", measures.Average(measure => measure.KindObedience)),
            ("colour", measures.Average(measure => measure.ColourObedience)),
            ("direction", measures.Average(measure => measure.DirectionObedience)),
            ("background", measures.Average(measure => measure.BackgroundObedience)),
        })
        {
            // Of two objects only the first was changed: the second goes on obeying.
            double untouched = name == "background" ? 0.0 : Captions.Average(caption => 1.0 - (1.0 / caption.Objects.Count));
            Assert.True(name == attribute ? value <= untouched + 0.01 : value >= 0.97, $"{name} {value:f3} when {attribute} was changed");
        }
    }

    [Fact]
    public void EmptyClipsHaveNoObjectsAndObeyNothingButTheBackground()
    {
        OracleMeasures measures = ToyOracle.Measure(ToyClips.Plain(28), ToyCaption.Parse("a red circle moving left and a cyan cross moving up on a dark background"));
        Assert.Equal(new OracleMeasures(0, 0, 0, 1, 0, 0, 0, 0, measures.BackgroundCleanliness), measures);
        Assert.InRange(measures.BackgroundCleanliness, 0.99, 1.0);
        Assert.Equal(0.0, ToyOracle.Measure(ToyClips.Plain(128), Captions[0]).BackgroundObedience);
    }

    [Fact]
    public void StillClipsHaveNoMotionAndNoDirection()
    {
        foreach ((int index, ToyCaption caption) in Captions.Take(40).Index())
        {
            OracleMeasures measures = ToyOracle.Measure(ToyClips.Still(ToyClips.Clean(caption, index)), caption);
            Assert.Equal((0.0, 0.0, 0.0), (measures.Motion, measures.DirectionObedience, measures.Flicker));
            Assert.Equal(1.0, measures.ColourObedience);
        }
    }

    [Fact]
    public void ReversedClipsObeyTheOppositeDirection()
    {
        double obedience = Captions.Take(60).Index().Average(entry => ToyOracle.Measure(ToyClips.Reversed(ToyClips.Clean(entry.Item, entry.Index)), entry.Item).DirectionObedience);
        Assert.Equal(0.0, obedience, 2);
    }

    [Fact]
    public void DamageLowersFidelityOrCleanliness()
    {
        foreach ((int index, ToyCaption caption) in Captions.Take(40).Index())
        {
            OracleMeasures clean = ToyOracle.Measure(ToyClips.Clean(caption, index), caption);
            OracleMeasures damaged = ToyOracle.Measure(ToyClips.Damaged(caption, index).Clip, caption);
            Assert.True(damaged.ObjectFidelity + damaged.BackgroundCleanliness < clean.ObjectFidelity + clean.BackgroundCleanliness - 0.002, caption.ToString());
        }
    }

    [Fact]
    public void DiversityIsTheMeanPairwiseDistance()
    {
        VideoClip black = ToyClips.Plain(0);
        VideoClip white = ToyClips.Plain(255);
        Assert.Equal(0.0, ToyOracle.Diversity([black, black]));
        Assert.Equal(2.0 / 3.0, ToyOracle.Diversity([black, white, black]), 12);
        Assert.Throws<ArgumentException>(() => ToyOracle.Diversity([black]));
    }

    private static OracleAssessment Assess(VideoClip clip, ToyCaption caption) => ToyOracle.Assess(clip, caption, ToyClips.Grid);

    private static ToyCaption Change(ToyCaption caption, string attribute)
    {
        ToyObject first = attribute switch
        {
            "kind" => caption.First with { Kind = (ToyKind)(((int)caption.First.Kind + 1) % 4) },
            "colour" => caption.First with { Colour = Enum.GetValues<ToyColour>().Except(caption.Objects.Select(item => item.Colour)).First() },
            "direction" => caption.First with { Direction = (ToyDirection)(((int)caption.First.Direction + 1) % 4) },
            _ => caption.First,
        };
        ToyBackground background = attribute == "background" ? (ToyBackground)(1 - (int)caption.Background) : caption.Background;
        return new ToyCaption(first, caption.Second, background);
    }
}
