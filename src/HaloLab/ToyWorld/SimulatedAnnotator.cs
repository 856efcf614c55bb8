using System.Globalization;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld;

/// <summary>
/// A simulated human who grades patches and clips from 1 to 5. Every annotator has habits of their own: how faint a defect they notice, how
/// much they mind it, how lenient they are; a mood per clip that colours all of its grades; noise per grade; slips and gaps.
/// </summary>
/// <remarks>
/// A patch in which the annotator notices nothing gets a 5, but for rare false alarms: people mark what is wrong, they do not rate emptiness.
/// The spread of habits and noise was set from a published figure on human agreement, before any training; docs/toy-world.md has the figure and
/// what the simulation gives.
/// </remarks>
public sealed class SimulatedAnnotator
{
    private const double SpreadOfLeniency = 0.30;
    private const double FaintestThreshold = 0.02;
    private const double DullestThreshold = 0.20;
    private const double SpreadOfSensitivity = 0.25;
    private const double Mood = 0.25;
    private const double NoiseOfCells = 0.50;
    private const double NoiseOfClips = 0.45;
    private const double FalseAlarms = 0.005;
    private const double Slips = 0.01;

    // Among many patches of which few are wrong, a slip of the hand is rarer than in a grade that must be given.
    private const double SlipsOfCells = 0.002;
    private const double Gaps = 0.01;
    private const double MistakenKinds = 0.15;

    private readonly long _seed;
    private readonly double _leniency;
    private readonly double _threshold;
    private readonly double _exponent;

    private SimulatedAnnotator(long seed, int index)
    {
        RandomStream habits = new(seed, "simulated annotator habits", index);
        _seed = seed;
        Name = string.Create(CultureInfo.InvariantCulture, $"simulated annotator {index + 1}");
        _leniency = SpreadOfLeniency * habits.NextGaussian();
        _threshold = FaintestThreshold + ((DullestThreshold - FaintestThreshold) * habits.NextDouble());
        _exponent = Math.Exp(SpreadOfSensitivity * habits.NextGaussian());
    }

    /// <summary>For example <c>simulated annotator 3</c>.</summary>
    public string Name { get; }

    /// <summary>The annotators of a run.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="count">How many, at least 2.</param>
    public static IReadOnlyList<SimulatedAnnotator> Population(long seed, int count = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        return [.. Enumerable.Range(0, count).Select(index => new SimulatedAnnotator(seed, index))];
    }

    /// <summary>Grades a clip. The same annotator always says the same about the same clip on the same grid.</summary>
    public PatchGrades Grade(OracleVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        string hash = verdict.Clip.ContentHash;
        RandomStream stream = new(_seed, $"{Name}/{verdict.Patches.Grid}/{hash}");
        double mood = Mood * stream.NextGaussian();
        int? clip = GradeScale.OneToFive.Draw(5.0 - (4.0 * verdict.OverallFault) + _leniency + mood + (NoiseOfClips * stream.NextGaussian()), Slips, Gaps, stream);
        int?[] cells = [.. verdict.Patches.Severities.Select(severity => GradeScale.OneToFive.Draw(Impression(severity, mood, stream), SlipsOfCells, Gaps, stream))];
        return new PatchGrades(Name, hash, verdict.Patches.Grid, cells, clip);
    }

    /// <summary>
    /// Grades a clip as a whole in VideoScore's five dimensions, in the order of <see cref="ClipGrades"/>; null where no grade is given. The same annotator always
    /// says the same about the same clip.
    /// </summary>
    public IReadOnlyList<int?> GradeVideo(OracleVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        RandomStream stream = new(_seed, $"{Name}/dimensions of the whole/{verdict.Clip.ContentHash}");
        double mood = Mood * stream.NextGaussian();
        return [.. SimulatedClipAnnotator.Truth(verdict).Select(truth => GradeScale.OneToFive.Draw(1.0 + (4.0 * truth) + _leniency + mood + (NoiseOfClips * stream.NextGaussian()), Slips, Gaps, stream))];
    }

    /// <summary>What this annotator takes a defect for: now and then deformed for flickering, and the other way round.</summary>
    public DefectType KindOf(OracleVerdict verdict, int cell)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        (int t, int h, int w) = verdict.Patches.Grid.Cell(cell);
        double own = verdict.Patches.Severities[cell];
        double change = new[] { t - 1, t + 1 }.Where(other => other >= 0 && other < verdict.Patches.Grid.Time).Select(other => Math.Abs(verdict.Patches.Severities[verdict.Patches.Grid.Index(other, h, w)] - own)).DefaultIfEmpty(0).Max();
        bool isFlickering = change > own / 2;
        bool isTaken = new RandomStream(_seed, $"{Name}/kind of defect/{verdict.Clip.ContentHash}", cell).NextDouble() < MistakenKinds;
        return isFlickering != isTaken ? DefectType.Flickering : DefectType.Deformed;
    }

    /// <summary>Mean clip grade of a population, NaN when nobody gave one.</summary>
    internal static double MeanClipGrade(IEnumerable<SimulatedAnnotator> population, OracleVerdict verdict) =>
        population.Select(annotator => (double?)annotator.Grade(verdict).Clip).Average() ?? double.NaN;

    private double Impression(double severity, double mood, RandomStream stream)
    {
        // Both numbers are always drawn: what one cell draws must not depend on another's severity.
        double noise = NoiseOfCells * stream.NextGaussian();
        bool falseAlarm = stream.NextDouble() < FalseAlarms;
        if (severity <= _threshold)
        {
            return falseAlarm ? 3.5 + noise : 5.0;
        }

        return 5.0 - (4.0 * Math.Pow(severity, _exponent)) + _leniency + mood + noise;
    }
}
