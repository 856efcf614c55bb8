using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// Positions in time, height and width (M-RoPE): text counts up on all three, an item lies at its patches' places, and text goes on one after the largest
/// position so far. Padding holds 1. Both published reward models run without these, with plain positions on all axes (<see cref="Plain"/>).
/// </summary>
/// <param name="Positions_3BL">Positions, int64.</param>
/// <param name="Deltas">For every row, where generated text would go on, counted from the row's length, padding included.</param>
public sealed record Qwen2VlPositions(Tensor Positions_3BL, IReadOnlyList<long> Deltas)
{
    private const long Padding = 1;

    /// <param name="ids_BL">Token ids, int64.</param>
    /// <param name="mask_BL">1 where there is a token, 0 for padding.</param>
    /// <param name="config">The model's special tokens.</param>
    /// <param name="images">Images in the order in which they occur.</param>
    /// <param name="videos">Videos in the order in which they occur.</param>
    /// <exception cref="InputException">Items and their tokens do not agree.</exception>
    public static Qwen2VlPositions Of(Tensor ids_BL, Tensor mask_BL, Qwen2VlConfig config, IReadOnlyList<Qwen2VlGrid> images, IReadOnlyList<Qwen2VlGrid> videos)
    {
        ArgumentNullException.ThrowIfNull(ids_BL);
        ArgumentNullException.ThrowIfNull(mask_BL);
        ArgumentNullException.ThrowIfNull(config);
        int length = (int)ids_BL.shape[1];
        int merge = config.VisionConfig.SpatialMergeSize;
        long[][] ids = [.. ids_BL.cpu().data<long>().ToArray().Chunk(length)];
        long[][] masks = [.. mask_BL.cpu().to(ScalarType.Int64).data<long>().ToArray().Chunk(length)];
        long[] positions = new long[3 * ids.Length * length];
        Array.Fill(positions, Padding);
        long[] deltas = new long[ids.Length];
        Queue<Qwen2VlGrid> imagesLeft = new(images);
        Queue<Qwen2VlGrid> videosLeft = new(videos);
        for (int row = 0; row < ids.Length; row++)
        {
            int[] places = [.. Enumerable.Range(0, length).Where(i => masks[row][i] != 0)];
            long next = 0;
            for (int i = 0; i < places.Length;)
            {
                long id = ids[row][places[i]];
                if (id != config.ImageTokenId && id != config.VideoTokenId)
                {
                    Set(row, places[i++], next, next, next);
                    next++;
                    continue;
                }

                Queue<Qwen2VlGrid> queue = id == config.ImageTokenId ? imagesLeft : videosLeft;
                Qwen2VlGrid grid = queue.Count > 0 ? queue.Dequeue() : throw Mismatch();
                (int rows, int columns) = (grid.Height / merge, grid.Width / merge);
                for (int token = 0; token < grid.Tokens(merge); token++, i++)
                {
                    if (i >= places.Length || ids[row][places[i]] != id)
                    {
                        throw Mismatch();
                    }

                    Set(row, places[i], next + (token / (rows * columns)), next + (token / columns % rows), next + (token % columns));
                }

                next += Math.Max(grid.Time, Math.Max(rows, columns));
            }

            deltas[row] = next - length;
        }

        return imagesLeft.Count + videosLeft.Count == 0 ? new Qwen2VlPositions(tensor(positions, [3, ids.Length, length], device: ids_BL.device), deltas) : throw Mismatch();

        void Set(int row, int place, long time, long height, long width)
        {
            foreach ((int axis, long value) in new[] { (0, time), (1, height), (2, width) })
            {
                positions[(((axis * ids.Length) + row) * length) + place] = value;
            }
        }

        InputException Mismatch() => new($"The prompts' image and video tokens are not those of {images.Count} images and {videos.Count} videos. Each item needs one token for every {merge}x{merge} patches, in a row.");
    }

    /// <summary>0, 1, 2 … on all axes, padding or not.</summary>
    public static Tensor Plain(Tensor ids_BL)
    {
        ArgumentNullException.ThrowIfNull(ids_BL);
        using var scope = NewDisposeScope();
        return arange(ids_BL.shape[1], device: ids_BL.device).expand(3, ids_BL.shape[0], ids_BL.shape[1]).MoveToOuterDisposeScope();
    }
}
