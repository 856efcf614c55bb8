using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

/// <summary>Clips of 4 frames of 16×16 with one bright cell of the 2×2×2 grid, and a reward model small enough to train in a blink.</summary>
internal static class SmallClips
{
    public static readonly RewardModelOptions Options = new(VocabularySize: 5, ContextLength: 3) { StemChannels = 8, Channels = 16, Blocks = 1, PromptChannels = 8, PromptLayers = 1 };

    public static readonly LatticeEdges Cells = LatticeEdges.Uniform(2, 2, 2);

    /// <summary>Grey noise; the cell <paramref name="bright"/> is white.</summary>
    public static VideoClip Clip(int index, int bright)
    {
        RandomStream stream = new(3, "small clip", index);
        byte[] pixels = new byte[4 * 16 * 16 * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int t, int y, int x) = (i / (16 * 16 * 3), i / (16 * 3) % 16, i / 3 % 16);
            bool isBright = (((t / 2 * 2) + (y / 8)) * 2) + (x / 8) == bright;
            pixels[i] = isBright ? (byte)255 : (byte)stream.Next(128);
        }

        return new VideoClip(pixels, 4, 16, 16, 8);
    }

    public static long[] Prompt(int index) => [1, 2 + (index % 3), 0];

    /// <summary>Grade 1 where the cell is bright, 5 elsewhere; every third clip has no patch labels, every fourth no video label, one cell in ten is missing.</summary>
    public static RewardTrainingSet TrainingSet(int count, IReadOnlyList<LabelledPair>? pairs = null)
    {
        RandomStream stream = new(3, "small labels");
        int[] places = [.. Enumerable.Range(0, count)];
        return new RewardTrainingSet(
            [.. places.Select(i => Clip(i, i % 9))],
            [.. places.Select(Prompt)],
            [.. places.Select(i => i % 4 == 3 ? double.NaN : i % 9 == 8 ? 5.0 : 2.0)],
            [.. places.Select(i => i % 3 == 2 ? [] : Enumerable.Range(0, 8).Select(cell => stream.NextDouble() < 0.1 ? double.NaN : cell == i % 9 ? 1.0 : 5.0).ToArray())],
            Cells,
            patchGrades: null,
            pairs);
    }

    public static (Tensor Frames_BCTHW, Tensor Tokens_BL) Batch(int count)
    {
        int[] places = [.. Enumerable.Range(0, count)];
        return (ClipBatch.ToUnitRange(ClipBatch.ToPixels([.. places.Select(i => Clip(i, i % 9))])), ClipSet.TokensOf([.. places.Select(Prompt)]));
    }
}
