using System.Diagnostics;
using System.Globalization;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

/// <summary>Prints the numbers of docs/toy-world.md.</summary>
[Trait("Category", "Long")]
public class ToyWorldNumbers(ITestOutputHelper output)
{
    private const int Clips = 1000;

    [Fact]
    public void OracleTimes()
    {
        ToyCaption[] captions = ToyClips.Captions(300);
        VideoClip[] clips = [.. captions.Select(ToyClips.Clean)];
        Print("render", captions, (caption, index) => ToyClips.Clean(caption, index));
        double assess = Print("assess", captions, (caption, index) => ToyOracle.Assess(clips[index], caption, ToyClips.Grid));
        double measure = Print("measure", captions, (caption, index) => ToyOracle.Measure(clips[index], caption));
        Assert.InRange(assess, 0.0, 10.0);
        Assert.InRange(measure, 0.0, 10.0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void SeverityOnFlawlessAndDamagedClips(int box)
    {
        List<double> clean = [];
        List<double> damaged = [];
        List<double> others = [];
        int clipsWithSeverity = 0;
        foreach ((int index, ToyCaption caption) in ToyClips.Captions(Clips).Index())
        {
            OracleAssessment flawless = ToyOracle.Assess(ToyClips.Soft(ToyClips.Clean(caption, index), box), caption, ToyClips.Grid);
            clean.AddRange(flawless.Errors.Select(Math.Sqrt));
            clipsWithSeverity += flawless.WorstSeverity > 0 ? 1 : 0;
            (VideoClip clip, IReadOnlyList<DamagedCell> cells) = ToyClips.Damaged(caption, index);
            HashSet<int> spoiled = [.. cells.Select(cell => (((cell.Time * 4) + cell.Row) * 4) + cell.Column)];
            double[] severities = ToyOracle.Assess(ToyClips.Soft(clip, box), caption, ToyClips.Grid).Severities;
            damaged.AddRange(severities.Where((_, cell) => spoiled.Contains(cell)));
            others.AddRange(severities.Where((_, cell) => !spoiled.Contains(cell)));
        }

        clean.Sort();
        damaged.Sort();
        double Quantile(List<double> sorted, double share) => sorted[(int)Math.Min(sorted.Count - 1, share * sorted.Count)];
        output.WriteLine(Text($"box {box}: flawless root mean square residual per cell: median {Quantile(clean, 0.5):f4}, 99 % {Quantile(clean, 0.99):f4}, 99.9 % {Quantile(clean, 0.999):f4}, largest {clean[^1]:f4}; clips with any severity {100.0 * clipsWithSeverity / Clips:f1} %"));
        output.WriteLine(Text($"box {box}: severity of damaged cells: 5 % {Quantile(damaged, 0.05):f2}, median {Quantile(damaged, 0.5):f2}; unnoticed {100.0 * damaged.Count(value => value == 0) / damaged.Count:f2} %; their neighbours above 0: {100.0 * others.Count(value => value > 0) / others.Count:f2} % of cells"));
        Assert.InRange(clipsWithSeverity, 0, Clips / 100);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ObedienceOfFlawlessClips(int box)
    {
        OracleMeasures[] measures = [.. ToyClips.Captions(Clips).Index().Select(entry => ToyOracle.Measure(ToyClips.Soft(ToyClips.Clean(entry.Item, entry.Index), box), entry.Item))];
        output.WriteLine(Text($"box {box}: kind {measures.Average(m => m.KindObedience):f3}, colour {measures.Average(m => m.ColourObedience):f3}, direction {measures.Average(m => m.DirectionObedience):f3}, background {measures.Average(m => m.BackgroundObedience):f3}, presence {measures.Average(m => m.ObjectPresence):f3}, fidelity {measures.Average(m => m.ObjectFidelity):f3}, motion {measures.Average(m => m.Motion):f2} px/frame, flicker {measures.Average(m => m.Flicker):f4}, cleanliness {measures.Average(m => m.BackgroundCleanliness):f4}"));
        Assert.True(measures.Average(m => m.Obedience) > 0.98);
    }

    [Fact]
    public void AgreementOfSimulatedAnnotators()
    {
        OracleVerdict[] verdicts = RatedClips.Verdicts(400);
        (double Unanimous, double WithinOne)[] agreements = [.. Enumerable.Range(1, 10).Select(seed => RatedClips.Agreement(verdicts, seed))];
        output.WriteLine(Text($"clip grades of three annotators, 10 populations: unanimous {agreements.Average(a => a.Unanimous):f3} ({agreements.Min(a => a.Unanimous):f3} to {agreements.Max(a => a.Unanimous):f3}), within one {agreements.Average(a => a.WithinOne):f3} ({agreements.Min(a => a.WithinOne):f3} to {agreements.Max(a => a.WithinOne):f3})"));

        static double Alpha(OracleVerdict[] verdicts, long seed) => KrippendorffAlpha.Compute(
            [.. verdicts.Select(verdict => SimulatedAnnotator.Population(seed).Select(annotator => annotator.Grade(verdict).Clip ?? double.NaN).ToArray())],
            MeasurementLevel.Ordinal);
        double[] alphas = [.. Enumerable.Range(1, 10).Select(seed => Alpha(verdicts, seed))];
        output.WriteLine(Text($"clip grades of five annotators, 10 populations: Krippendorff's ordinal alpha {alphas.Average():f3} ({alphas.Min():f3} to {alphas.Max():f3})"));

        (int either, int both, int fine, int falseFlags, int teacherFalseFlags) = (0, 0, 0, 0, 0);
        SimulatedTeacher teacher = new(1);
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(1);
        foreach (OracleVerdict verdict in verdicts)
        {
            int?[][] grades = [.. annotators.Select(annotator => annotator.Grade(verdict).Cells)];
            int?[] taught = teacher.Grade(verdict).Cells;
            for (int cell = 0; cell < taught.Length; cell++)
            {
                either += grades[0][cell] < 5 || grades[1][cell] < 5 ? 1 : 0;
                both += grades[0][cell] < 5 && grades[1][cell] < 5 ? 1 : 0;
                if (verdict.Patches.Severities[cell] == 0)
                {
                    fine++;
                    falseFlags += grades[0][cell] < 5 ? 1 : 0;
                    teacherFalseFlags += taught[cell] < 5 ? 1 : 0;
                }
            }
        }

        output.WriteLine(Text($"patches graded below 5 by the first two annotators: by both {both / (double)either:f2} of those by either; flawless patches graded below 5: annotator 1 {100.0 * falseFlags / fine:f1} %, teacher {100.0 * teacherFalseFlags / fine:f1} %"));
        Assert.True(both > 0);
    }

    private double Print<T>(string what, ToyCaption[] captions, Func<ToyCaption, int, T> run)
    {
        foreach ((int index, ToyCaption caption) in captions.Index())
        {
            run(caption, index);
        }

        double[] milliseconds = [.. captions.Index().Select(entry =>
        {
            long start = Stopwatch.GetTimestamp();
            run(entry.Item, entry.Index);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }).Order()];
        output.WriteLine(Text($"{what}: fastest tenth {milliseconds[milliseconds.Length / 10]:f2} ms a clip (what it takes when nothing else runs), median {milliseconds[milliseconds.Length / 2]:f2} ms, one thread"));
        return milliseconds[milliseconds.Length / 10];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
