using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// The README's picture: samples of a run of <c>reproduce</c> before tuning (left) and after (right), from the same noise, with the oracle's severity of each patch over them. The prompts shown are those whose two
/// samples hold the most defective patches <em>together</em>: chosen by the first alone, the second would look better whatever the tuning did.
/// </summary>
internal static class BeforeAfter
{
    private const int PromptsShown = 3;
    private const int Enlargement = 4;
    private const int Gap = 6;
    private const int GapOfFrames = 2;

    /// <summary>Of a severity of 1; the picture below stays visible.</summary>
    private const double Opacity = 0.6;

    private static readonly int[] FramesShown = [0, 2, 4, 6];

    /// <summary>Draws the picture.</summary>
    /// <param name="run">Folder of a run of <c>halolab reproduce</c>; what it lacks is computed.</param>
    /// <param name="picture">The file to write.</param>
    public static void Draw(string run, string picture)
    {
        ToyRun toy = ToyRun.Open("quick", seed: 1, run, new LineProgress(Console.Error));
        (ArmJudgement untuned, ArmJudgement halo) = (toy.Judgement(), toy.Judgement(ReproductionArm.Halo));
        using ClipBundle before = toy.Samples();
        using ClipBundle after = toy.Samples(ReproductionArm.Halo);
        double Defects(int i) => untuned.Rows[i].DefectShare(toy.DefectThreshold) + halo.Rows[i].DefectShare(toy.DefectThreshold);
        int[] shown = [.. Enumerable.Range(0, before.Clips.Count).OrderByDescending(Defects).DistinctBy(i => before.Prompts[i]).Take(PromptsShown)];

        int size = ToyRenderer.Size * Enlargement;
        int strip = (FramesShown.Length * (size + GapOfFrames)) - GapOfFrames;
        int width = (2 * strip) + (4 * Gap);
        int height = (PromptsShown * size) + ((PromptsShown + 1) * Gap);
        byte[] sheet = new byte[height * width * 3];
        Array.Fill(sheet, byte.MaxValue);
        LatticeEdges edges = ToyRenderer.Lattice.Edges(toy.Settings.Grid);
        for (int row = 0; row < shown.Length; row++)
        {
            int i = shown[row];
            int top = Gap + (row * (size + Gap));
            Strip(before.Clips[i], untuned.Rows[i].Severities, top, Gap);
            Strip(after.Clips[i], halo.Rows[i].Severities, top, (3 * Gap) + strip);
            Console.WriteLine(FormattableString.Invariant($"{before.Prompts[i]}: {untuned.Rows[i].DefectShare(toy.DefectThreshold):p0} of the patches defective before, {halo.Rows[i].DefectShare(toy.DefectThreshold):p0} after"));
        }

        AtomicFile.Write(picture, file => file.Write(Apng.EncodeStill(sheet, height, width)));
        Console.WriteLine(picture);

        void Strip(VideoClip clip, double[] severities, int top, int left)
        {
            PatchHeat heat = new(severities, edges, ColourScale.Sequential(0, 1), "severity");
            for (int place = 0; place < FramesShown.Length; place++)
            {
                int frame = FramesShown[place];
                int offset = left + (place * (size + GapOfFrames));
                byte[] pixels = clip.Frame(frame).ToArray();
                heat.Paint(PatchHeat.CellAt(edges.Time, frame, clip.Frames), size, size, (y, x, colour) =>
                {
                    double share = Opacity * colour.Opacity / byte.MaxValue;
                    int source = (((y / Enlargement) * clip.Width) + (x / Enlargement)) * 3;
                    int target = (((top + y) * width) + offset + x) * 3;
                    sheet[target] = Mixed(pixels[source], colour.Red, share);
                    sheet[target + 1] = Mixed(pixels[source + 1], colour.Green, share);
                    sheet[target + 2] = Mixed(pixels[source + 2], colour.Blue, share);
                });
            }
        }
    }

    private static byte Mixed(byte under, byte over, double share) => (byte)Math.Round(((1 - share) * under) + (share * over));
}
