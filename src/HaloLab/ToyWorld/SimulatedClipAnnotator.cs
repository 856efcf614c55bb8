using System.Globalization;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld;

/// <summary>
/// A simulated human of a *separate* population who grades whole clips in VideoScore's five dimensions, for the held-out learned scorer: other
/// people, other questions, another scale (1 to 4) than <see cref="SimulatedAnnotator"/>, so that the second evaluation shares no labels with
/// what the reward model was trained on.
/// </summary>
public sealed class SimulatedClipAnnotator
{
    private const double SpreadOfLeniency = 0.25;
    private const double HaloEffect = 0.20;
    private const double Noise = 0.45;
    private const double Slips = 0.02;
    private const double Gaps = 0.02;

    private const double WeightOfFlicker = 5.0;

    private readonly long _seed;
    private readonly double[] _leniency;

    private SimulatedClipAnnotator(long seed, int index)
    {
        RandomStream habits = new(seed, "simulated clip annotator habits", index);
        _seed = seed;
        Name = string.Create(CultureInfo.InvariantCulture, $"simulated clip annotator {index + 1}");
        _leniency = [.. Enumerable.Range(0, 5).Select(_ => SpreadOfLeniency * habits.NextGaussian())];
    }

    /// <summary>For example <c>simulated clip annotator 2</c>.</summary>
    public string Name { get; }

    /// <summary>The clip annotators of a run.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="count">How many, at least 1.</param>
    public static IReadOnlyList<SimulatedClipAnnotator> Population(long seed, int count = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. Enumerable.Range(0, count).Select(index => new SimulatedClipAnnotator(seed, index))];
    }

    /// <summary>What is true of a clip in the five dimensions, 0 (worst) .. 1, in the order of <see cref="ClipGrades"/>.</summary>
    public static double[] Truth(OracleVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        OracleMeasures measures = verdict.Measures;
        return
        [
            1.0 - verdict.RememberedSeverity,
            1.0 - Math.Min(1.0, WorstChange(verdict.Patches) + (WeightOfFlicker * measures.Flicker)),
            Math.Min(1.0, measures.Motion / OracleMeasures.LivelySpeed),
            measures.Obedience,
            measures.ObjectFidelity,
        ];
    }

    /// <summary>Grades a clip; the same annotator always says the same about the same clip.</summary>
    public ClipGrades Grade(OracleVerdict verdict)
    {
        double[] truth = Truth(verdict);
        string hash = verdict.Clip.ContentHash;
        RandomStream stream = new(_seed, $"{Name}/{hash}");
        double impressionOfAll = HaloEffect * stream.NextGaussian();
        int?[] grades =
        [
            .. truth.Select((value, dimension) => GradeScale.OneToFour.Draw(
                1.0 + (3.0 * value) + _leniency[dimension] + impressionOfAll + (Noise * stream.NextGaussian()), Slips, Gaps, stream)),
        ];
        return new ClipGrades(Name, hash, grades[0], grades[1], grades[2], grades[3], grades[4]);
    }

    /// <summary>How much the severity of a place changes over time, for the worst eighth of the places: damage that comes and goes.</summary>
    private static double WorstChange(OracleAssessment patches)
    {
        int places = patches.Grid.Height * patches.Grid.Width;
        IEnumerable<double> changes = Enumerable.Range(0, places).Select(place =>
        {
            double[] overTime = [.. Enumerable.Range(0, patches.Grid.Time).Select(t => patches.Severities[(t * places) + place])];
            return overTime.Max() - overTime.Min();
        });
        return changes.OrderDescending().Take(Math.Max(1, places / 8)).Average();
    }
}
