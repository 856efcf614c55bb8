using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

public class SimulatedRaterTests
{
    private static readonly OracleVerdict[] Verdicts = RatedClips.Verdicts(120);

    [Fact]
    public void SameRaterSaysTheSameAboutTheSameClipInAnyOrder()
    {
        PatchGrades[] Grades(long seed, int[] order)
        {
            SimulatedTeacher teacher = new(seed);
            return [.. order.Select(index => (index, Grade: teacher.Grade(Verdicts[index]))).OrderBy(entry => entry.index).Select(entry => entry.Grade)];
        }

        static string Text(PatchGrades[] grades) => string.Join(';', grades.Select(grade => $"{grade.Clip}:{string.Join(',', grade.Cells)}"));
        Assert.Equal(Text(Grades(1, [0, 1, 2, 3])), Text(Grades(1, [3, 1, 0, 2])));
        Assert.NotEqual(Text(Grades(1, [0, 1, 2, 3])), Text(Grades(2, [0, 1, 2, 3])));
    }

    [Fact]
    public void GradesAreOnTheScaleLabelledSimulatedAndSometimesMissing()
    {
        PatchGrades[] grades = [.. Verdicts.SelectMany(verdict => SimulatedAnnotator.Population(1).Select(annotator => annotator.Grade(verdict)).Append(new SimulatedTeacher(1).Grade(verdict)))];
        int?[] cells = [.. grades.SelectMany(grade => grade.Cells)];
        Assert.All(cells, value => Assert.True(value is null or (>= 1 and <= 5)));
        Assert.InRange(cells.Count(value => value is null) / (double)cells.Length, 0.005, 0.02);
        Assert.All(grades, grade => Assert.StartsWith("simulated ", grade.Rater, StringComparison.Ordinal));
        Assert.All(grades, grade => Assert.Equal(64, grade.Cells.Length));
        Assert.Equal(6, grades.Select(grade => grade.Rater).Distinct().Count());
    }

    [Fact]
    public void WorseCellsGetWorseGrades()
    {
        foreach (Func<OracleVerdict, PatchGrades> rater in SimulatedAnnotator.Population(1).Select(annotator => (Func<OracleVerdict, PatchGrades>)annotator.Grade).Append(new SimulatedTeacher(1).Grade))
        {
            double previous = 6.0;
            foreach (double severity in new[] { 0.0, 0.3, 0.6, 0.9 })
            {
                double mean = MeanGrade(rater, severity, _ => true);
                Assert.True(mean < previous - 0.3, $"severity {severity}: {mean:f2} after {previous:f2}");
                previous = mean;
            }
        }
    }

    [Fact]
    public void TeacherIsLenientAndOverlooksBorderAndEnd()
    {
        SimulatedTeacher teacher = new(1);
        static bool IsInner(int cell) => (cell / 4 % 4) is 1 or 2 && (cell % 4) is 1 or 2;
        double innerEarly = MeanGrade(teacher.Grade, 0.6, cell => IsInner(cell) && cell < 48);
        double innerLate = MeanGrade(teacher.Grade, 0.6, cell => IsInner(cell) && cell >= 48);
        double border = MeanGrade(teacher.Grade, 0.6, cell => !IsInner(cell) && cell < 48);
        Assert.Equal(5.0 - (4.0 * 0.6) + 0.5, innerEarly, 0.15);
        Assert.Equal(4.0 * 0.6 * 0.1, innerLate - innerEarly, 0.15);
        Assert.Equal(4.0 * 0.6 * 0.2, border - innerEarly, 0.15);
    }

    [Fact]
    public void TeacherTakesDetailForDamage()
    {
        // Same verdict, other pixels: nothing is wrong with either.
        SimulatedTeacher teacher = new(1);
        double plain = MeanGrade(teacher.Grade, 0.0, _ => true);
        double busy = MeanGrade(teacher.Grade, 0.0, _ => true, checks: true);
        Assert.InRange(plain - busy, 0.05, 0.4);
    }

    [Fact]
    public void AnnotatorsDisagreeAsMuchAsPeople()
    {
        // Three raters, five levels: about a quarter of the items unanimous, about 85 % within one level (docs/toy-world.md, "Annotators").
        double[] unanimous = [.. Enumerable.Range(1, 6).Select(seed => RatedClips.Agreement(Verdicts, seed).Unanimous)];
        double[] withinOne = [.. Enumerable.Range(1, 6).Select(seed => RatedClips.Agreement(Verdicts, seed).WithinOne)];
        Assert.InRange(unanimous.Average(), 0.22, 0.34);
        Assert.InRange(withinOne.Average(), 0.80, 0.90);
    }

    [Fact]
    public void EveryDimensionOfTheClipAnnotatorsFallsForItsOwnReason()
    {
        SimulatedClipAnnotator[] annotators = [.. SimulatedClipAnnotator.Population(1)];
        double[] Means(Func<ToyCaption, int, (VideoClip Clip, ToyCaption Asked)> make)
        {
            ClipGrades[] grades =
            [
                .. from entry in ToyClips.Captions(40).Index()
                   let made = make(entry.Item, entry.Index)
                   let verdict = OracleVerdict.Of(made.Clip, made.Asked, ToyClips.Grid)
                   from annotator in annotators
                   select annotator.Grade(verdict),
            ];
            Assert.All(grades, grade => Assert.StartsWith("simulated clip annotator", grade.Rater, StringComparison.Ordinal));
            Assert.All(grades, grade => Assert.True(grade.VisualQuality is null or (>= 1 and <= 4)));
            return
            [
                grades.Average(grade => grade.VisualQuality)!.Value,
                grades.Average(grade => grade.TemporalConsistency)!.Value,
                grades.Average(grade => grade.DynamicDegree)!.Value,
                grades.Average(grade => grade.TextAlignment)!.Value,
                grades.Average(grade => grade.FactualConsistency)!.Value,
            ];
        }

        double[] clean = Means((caption, index) => (ToyClips.Clean(caption, index), caption));
        double[] damaged = Means((caption, index) => (ToyClips.Damaged(caption, index).Clip, caption));
        double[] still = Means((caption, index) => (ToyClips.Still(ToyClips.Clean(caption, index)), caption));
        double[] empty = Means((caption, _) => (ToyClips.Plain(caption.Background == ToyBackground.Dark ? (byte)27 : (byte)223), caption));
        Assert.All(clean, mean => Assert.InRange(mean, 3.4, 4.0));
        Assert.True(clean[0] - damaged[0] > 0.4 && clean[1] - damaged[1] > 0.4, $"damage: {damaged[0]:f2}, {damaged[1]:f2}");
        Assert.True(clean[2] - still[2] > 2.0, $"still: {still[2]:f2}");
        Assert.True(clean[3] - empty[3] > 1.5 && clean[4] - empty[4] > 2.0, $"empty: {empty[3]:f2}, {empty[4]:f2}");
    }

    [Fact]
    public void PopulationsAreSeparate()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SimulatedAnnotator.Population(1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SimulatedClipAnnotator.Population(1, 0));
        string[] patch = [.. SimulatedAnnotator.Population(1).Select(annotator => annotator.Name)];
        string[] clip = [.. SimulatedClipAnnotator.Population(1).Select(annotator => annotator.Name)];
        Assert.Empty(patch.Intersect(clip));
    }

    [Fact]
    public void EmptyClipsHaveNoDefectsButAreNotGood()
    {
        OracleVerdict empty = OracleVerdict.Of(ToyClips.Plain(27), ToyCaption.Parse("a red circle moving left on a dark background"), ToyClips.Grid);
        Assert.Equal(0.0, empty.RememberedSeverity);
        Assert.True(empty.OverallFault > 0.9, $"{empty.OverallFault:f2}");
    }

    /// <summary>Mean grade over many clips of which every cell has the same severity.</summary>
    private static double MeanGrade(Func<OracleVerdict, PatchGrades> rater, double severity, Func<int, bool> cells, bool checks = false)
    {
        List<int> grades = [];
        RandomStream stream = new(5, "contents");
        double[] severities = [.. Enumerable.Repeat(severity, 64)];
        for (int i = 0; i < 80; i++)
        {
            byte[] pixels = new byte[8 * 32 * 32 * 3];
            Array.Fill(pixels, (byte)(100 + stream.Next(10)));
            for (int p = 0; checks && p < pixels.Length; p++)
            {
                pixels[p] = (byte)(((p / 3 % 32) + (p / 96)) % 2 == 0 ? 200 : 40);
            }

            // One pixel differs, so that every clip has a hash and with it random numbers of its own.
            pixels[0] = (byte)i;
            OracleMeasures perfect = new(1, 1, 1, 1, 1, 1, 1.5, 0, 1);
            PatchGrades graded = rater(new OracleVerdict(new VideoClip(pixels, 8, 32, 32, 8), new OracleAssessment(ToyClips.Grid, severities, severities), perfect));
            grades.AddRange(graded.Cells.Where((value, cell) => value is not null && cells(cell)).Select(value => value!.Value));
        }

        return grades.Average();
    }
}
