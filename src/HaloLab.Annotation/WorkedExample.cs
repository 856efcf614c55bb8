using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>A small clip of the toy world in the instructions, with what there is to say about it.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="Prompt">Its caption.</param>
/// <param name="Caption">What to say, and why.</param>
/// <param name="Cells">The patches of a 4×4×4 grid that are wrong.</param>
/// <param name="Defect">What is wrong.</param>
internal sealed record WorkedExample(VideoClip Clip, string Prompt, string Caption, IReadOnlyList<int> Cells, DefectType Defect)
{
    private static readonly Lazy<IReadOnlyList<WorkedExample>> Made = new(() =>
    [
        Of("a red circle moving right on a dark background", null, "Nothing to object to: everything is fine (5). The plain background is fine too.", DefectType.None),
        Of("a green square moving down on a dark background", DamageKind.Noise, "Noise for a moment: a disturbing flaw (2), blurred, in the patch that is outlined, while it is outlined.", DefectType.Blurred),
        Of("a yellow triangle moving left on a dark background", DamageKind.Flat, "A box of another colour comes and goes: spoiled there (1), flickering. All other patches stay fine.", DefectType.Flickering),
        Of("a blue circle moving up on a light background", DamageKind.Inverted, "A part of the object turns into its opposite: spoiled there (1), deformed. The video as a whole suffers as well.", DefectType.Deformed),
    ]);

    public static IReadOnlyList<WorkedExample> All => Made.Value;

    private static WorkedExample Of(string prompt, DamageKind? kind, string caption, DefectType defect)
    {
        ToyCaption toy = ToyCaption.Parse(prompt);
        VideoClip clean = ToyRenderer.Render(toy, ToyRenderer.DrawLayout(toy, new RandomStream(1, "annotation example", 0)));
        if (kind is null)
        {
            return new WorkedExample(clean, prompt, caption, [], defect);
        }

        // The first damage that is of this kind, in one place, and where there is something to spoil.
        PixelCell[] boxes = ToyRenderer.Lattice.PixelCells(DamageProcess.Grid);
        for (int attempt = 0; ; attempt++)
        {
            (VideoClip clip, IReadOnlyList<DamagedCell> cells) = new DamageProcess(1).Apply(clean, new RandomStream(1, $"annotation example/{prompt}", attempt));
            int[] places = [.. cells.Select(cell => DamageProcess.Grid.Index(cell.Time, cell.Row, cell.Column))];
            if (cells.All(cell => cell.Kind == kind && (cell.Row, cell.Column) == (cells[0].Row, cells[0].Column)) && places.All(place => IsLively(clean, boxes[place])))
            {
                return new WorkedExample(clip, prompt, caption, places, defect);
            }
        }
    }

    /// <summary>Whether an object is in the box, at least in part.</summary>
    private static bool IsLively(VideoClip clip, PixelCell box)
    {
        (byte lowest, byte highest) = (byte.MaxValue, byte.MinValue);
        for (int frame = box.FrameStart; frame < box.FrameEnd; frame++)
        {
            for (int row = box.RowStart; row < box.RowEnd; row++)
            {
                foreach (byte value in clip.Frame(frame).Slice(((row * clip.Width) + box.ColumnStart) * 3, (box.ColumnEnd - box.ColumnStart) * 3))
                {
                    (lowest, highest) = (Math.Min(lowest, value), Math.Max(highest, value));
                }
            }
        }

        return highest - lowest > 100;
    }
}
