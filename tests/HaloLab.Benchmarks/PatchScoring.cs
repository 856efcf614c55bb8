using HaloLab.Rewards;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// What a patch head saves (DESIGN D4): rewards of 4×4×4 patches in one pass, against a video reward model asked about each patch as a clip of
/// its own, cropped, resized to the model's input and batched.
/// </summary>
internal static class PatchScoring
{
    private const int Clips = 4;

    public static bool Run(int rounds)
    {
        PatchGrid grid = new(4, 4, 4);
        ToyTokenizer tokenizer = new();
        long[] tokens = tokenizer.Encode("a red circle moving left on a dark background");
        using RewardModel model = RewardModel.Create(ToyRewardTraining.Options, 1);
        ToyCorpus corpus = new(1, "benchmark", 0.5);
        VideoClip[] clips = [.. Enumerable.Range(0, Clips).Select(i => corpus[i].Clip)];
        PixelCell[] cells = ToyGenerator.Lattice.PixelCells(grid);

        // Cropping and resizing is the second way's own work, but it is left out: the comparison is of what the network has to see.
        VideoClip[] crops = [.. clips.SelectMany(clip => cells.Select(cell => Crop(clip, cell)))];
        using Tensor wholes_BCTHW = ClipBatch.ToUnitRange(ClipBatch.ToPixels(clips));
        using Tensor crops_BCTHW = ClipBatch.ToUnitRange(ClipBatch.ToPixels(crops));
        using Tensor tokens_BL = ClipSet.TokensOf([.. clips.Select(_ => tokens)]);
        using Tensor cropTokens_BL = ClipSet.TokensOf([.. crops.Select(_ => tokens)]);
        LatticeEdges edges = ToyGenerator.Lattice.Edges(grid);
        LatticeEdges whole = ToyGenerator.Lattice.Edges(new PatchGrid(1, 1, 1));
        return Paired.Compare(
            "scoring 4x4x4 patches: one pass / 64 crops",
            0.1,
            rounds,
            () => model.Score(wholes_BCTHW, tokens_BL, edges),
            () => model.Score(crops_BCTHW, cropTokens_BL, whole));
    }

    private static VideoClip Crop(VideoClip clip, PixelCell cell)
    {
        (int frames, int height, int width) = (cell.FrameEnd - cell.FrameStart, cell.RowEnd - cell.RowStart, cell.ColumnEnd - cell.ColumnStart);
        byte[] pixels = new byte[frames * height * width * 3];
        for (int frame = 0; frame < frames; frame++)
        {
            for (int row = 0; row < height; row++)
            {
                clip.Frame(cell.FrameStart + frame)
                    .Slice((((cell.RowStart + row) * clip.Width) + cell.ColumnStart) * 3, width * 3)
                    .CopyTo(pixels.AsSpan(((frame * height) + row) * width * 3));
            }
        }

        return ClipResampler.WholeClip(new VideoClip(pixels, frames, height, width, clip.FramesPerSecond), clip.Frames, clip.Height, clip.Width);
    }
}
