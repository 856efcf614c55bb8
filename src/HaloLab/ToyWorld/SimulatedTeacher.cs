using HaloLab.Distillation;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>
/// A simulated vision-language teacher that grades patches and clips from 1 to 5, with the kinds of bias such teachers are known for. It stands
/// in for GPT-4o where no key and no network are needed; what it says is always labelled simulated.
/// </summary>
/// <remarks>
/// Its biases, all on purpose and all learnable by a reward model trained on it:
/// leniency (half a grade up wherever it finds fault); position (patches at the border of the picture are looked at less closely, their
/// severity counts 0.8; in the last quarter of the clip 0.9); content (busy patches raise false alarms, plain ones hardly); it does not see
/// defects below a severity of 0.08; noise of 0.6 grades; 1 % slips, 2 % gaps. The scale is whole grades.
/// Asked for dimensions, it sees visual quality and local defects in the patch, temporal consistency in how the place changes; how much moves, whether the text
/// is obeyed and whether the objects exist the oracle knows of the whole clip only, so every patch of a clip has the same truth there.
/// </remarks>
public sealed class SimulatedTeacher : ITeacher
{
    /// <summary>Standard deviation of the grade of a patch with a defect, where nothing else is said.</summary>
    public const double DefaultNoise = 0.6;

    private const string Name = "simulated teacher";
    private const double Leniency = 0.5;
    private const double BorderAttention = 0.8;
    private const double LateAttention = 0.9;
    private const double Threshold = 0.08;
    private const double NoiseOfClips = 0.5;
    private const double FalseAlarms = 0.01;
    private const double FalseAlarmsByContent = 0.20;
    private const double Slips = 0.01;
    private const double Gaps = 0.02;

    // Less contrast than that and there is nothing in the patch.
    private const double Plain = 0.03;

    private static readonly GradeDimension[] Dimensions = Enum.GetValues<GradeDimension>();

    private readonly long _seed;
    private readonly double _noise;

    /// <param name="seed">The seed of the run.</param>
    /// <param name="noise">Standard deviation of the grade of a patch where it finds fault, in grades, at least 0.</param>
    public SimulatedTeacher(long seed, double noise = DefaultNoise)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(noise);
        (_seed, _noise) = (seed, noise);
    }

    /// <summary>Grades a clip; the same clip on the same grid always gets the same grades.</summary>
    public PatchGrades Grade(OracleVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        PatchGrid grid = verdict.Patches.Grid;
        string hash = verdict.Clip.ContentHash;
        RandomStream stream = new(_seed, $"{Name}/{grid}/{hash}");
        int? clip = GradeScale.OneToFive.Draw(
            5.0 - (4.0 * verdict.OverallFault) + (verdict.OverallFault > 0 ? Leniency : 0.0) + (NoiseOfClips * stream.NextGaussian()), Slips, Gaps, stream);
        PixelCell[] boxes = ToyRenderer.Lattice.PixelCells(grid);
        int?[] cells = new int?[grid.Count];
        for (int i = 0; i < cells.Length; i++)
        {
            double seen = verdict.Patches.Severities[i] * Attention(grid, i);
            cells[i] = GradeScale.OneToFive.Draw(Impression(seen, Contrast(verdict.Clip, boxes[i]), stream), Slips, Gaps, stream);
        }

        return new PatchGrades(Name, hash, grid, cells, clip);
    }

    /// <summary>Grades every cell in every dimension.</summary>
    /// <param name="verdict">What the oracle knows.</param>
    /// <param name="occasion">Another occasion, another noise; the same one always gets the same grades.</param>
    /// <returns>One for each cell.</returns>
    public IReadOnlyList<SimulatedPatchGrades> GradeDimensions(OracleVerdict verdict, string occasion)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        PatchGrid grid = verdict.Patches.Grid;
        RandomStream stream = new(_seed, $"{Name} dimensions/{grid}/{verdict.Clip.ContentHash}/{occasion}");
        double[] whole = SimulatedClipAnnotator.Truth(verdict);
        PixelCell[] boxes = ToyRenderer.Lattice.PixelCells(grid);
        SimulatedPatchGrades[] patches = new SimulatedPatchGrades[grid.Count];
        for (int i = 0; i < patches.Length; i++)
        {
            double seen = verdict.Patches.Severities[i] * Attention(grid, i);
            double contrast = Contrast(verdict.Clip, boxes[i]);
            double change = Change(verdict.Patches, i);
            int[] grades =
            [
                Draw(Impression(seen, contrast, stream), stream),
                Draw(Whole(1.0 - Math.Min(1.0, change + (1.0 - whole[1])), stream), stream),
                Draw(Whole(whole[2], stream), stream),
                Draw(Whole(whole[3], stream), stream),
                Draw(Whole(whole[4], stream), stream),
                Draw(Impression(seen, contrast, stream), stream),
            ];
            DefectType defect = seen <= Threshold ? DefectType.None : change > seen / 2 ? DefectType.Flickering : contrast < Plain ? DefectType.Missing : DefectType.Deformed;
            patches[i] = new SimulatedPatchGrades(grades, Math.Round(0.5 + (0.5 * Math.Abs((2.0 * seen) - 1.0)), 2), defect);
        }

        return patches;
    }

    /// <inheritdoc/>
    /// <remarks>The clip is brought to the toy world's size.</remarks>
    public Task<ClipLabels> GradeAsync(VideoClip clip, string prompt, PatchGrid grid, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(clip);
        cancellation.ThrowIfCancellationRequested();
        ToyCaption caption = ToyCaption.Parse(prompt);
        VideoClip seen = ToyResampling.Fit(clip);
        IReadOnlyList<SimulatedPatchGrades> patches = GradeDimensions(OracleVerdict.Of(seen, caption, grid), "");
        DateTimeOffset now = DateTimeOffset.UtcNow;
        TeacherLabel[] labels =
        [
            .. patches.SelectMany((patch, cell) => Dimensions.Select((dimension, i) => new TeacherLabel
            {
                Clip = clip.ContentHash,
                Prompt = prompt,
                Grid = grid.ToString(),
                Cell = cell,
                Dimension = dimension,
                Defect = dimension == GradeDimension.LocalDefect ? patch.Defect : null,
                Confidence = patch.Confidence,
                Annotator = Name,
                AnsweredAt = now,
            }.WithGrade(patch.Grades[i]))),
        ];
        return Task.FromResult(new ClipLabels(labels, [], 0));
    }

    private static int Draw(double impression, RandomStream stream) => GradeScale.OneToFive.Draw(impression, Slips, 0, stream)!.Value;

    private static double Whole(double truth, RandomStream stream) => 1.0 + (4.0 * truth) + (NoiseOfClips * stream.NextGaussian());

    /// <summary>How much the severity of a cell's place differs from the times before and after, the larger of the two.</summary>
    private static double Change(OracleAssessment patches, int cell)
    {
        (int t, int h, int w) = patches.Grid.Cell(cell);
        double Difference(int other) => other < 0 || other >= patches.Grid.Time ? 0.0 : Math.Abs(patches.Severities[patches.Grid.Index(other, h, w)] - patches.Severities[cell]);
        return Math.Max(Difference(t - 1), Difference(t + 1));
    }

    private double Impression(double seen, double contrast, RandomStream stream)
    {
        double noise = _noise * stream.NextGaussian();
        bool falseAlarm = stream.NextDouble() < FalseAlarms + (FalseAlarmsByContent * contrast);
        if (seen <= Threshold)
        {
            return falseAlarm ? 4.0 + noise : 5.0;
        }

        return 5.0 - (4.0 * seen) + Leniency + noise;
    }

    private static double Attention(PatchGrid grid, int cell)
    {
        (int time, int row, int column) = grid.Cell(cell);
        bool border = row == 0 || column == 0 || row == grid.Height - 1 || column == grid.Width - 1;
        bool late = 4 * (time + 1) > 3 * grid.Time;
        return (border ? BorderAttention : 1.0) * (late ? LateAttention : 1.0);
    }

    /// <summary>Standard deviation of the cell's pixel values, in 0 .. 0.5: about 0 for plain background.</summary>
    private static double Contrast(VideoClip clip, PixelCell box)
    {
        (double sum, double squares) = (0, 0);
        for (int t = box.FrameStart; t < box.FrameEnd; t++)
        {
            ReadOnlySpan<byte> frame = clip.Frame(t);
            for (int y = box.RowStart; y < box.RowEnd; y++)
            {
                for (int i = 3 * ((y * clip.Width) + box.ColumnStart); i < 3 * ((y * clip.Width) + box.ColumnEnd); i++)
                {
                    double value = frame[i] / 255.0;
                    (sum, squares) = (sum + value, squares + (value * value));
                }
            }
        }

        double count = 3.0 * box.PixelCount;
        return Math.Sqrt(Math.Max(0.0, (squares / count) - (sum / count * (sum / count))));
    }
}
