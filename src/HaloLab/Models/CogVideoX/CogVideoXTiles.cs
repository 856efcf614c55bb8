using static TorchSharp.torch;

namespace HaloLab.Models.CogVideoX;

/// <summary>
/// Decoding a video in overlapping tiles of the picture, as diffusers' <c>enable_tiling</c> has it: tiles of half the size that the autoencoder was made for overlap by a sixth of
/// their height and a fifth of their width, and fade into one another there, first downwards, then to the right. Norms and convolutions see a tile, so the numbers are not those of the whole;
/// the memory is that of a tile beside the video.
/// </summary>
/// <param name="config">The autoencoder's sizes.</param>
public sealed class CogVideoXTiles(CogVideoXVaeConfig config)
{
    private const double OverlapOfHeight = 1.0 / 6;
    private const double OverlapOfWidth = 1.0 / 5;

    private readonly Axis _rows = new(config.SampleHeight / 2, config.SpatialStride, OverlapOfHeight);
    private readonly Axis _columns = new(config.SampleWidth / 2, config.SpatialStride, OverlapOfWidth);

    /// <summary>Pixel rows of a tile.</summary>
    public int Height => _rows.Pixels;

    /// <summary>Pixel columns of a tile.</summary>
    public int Width => _columns.Pixels;

    /// <summary>Decodes; one tile covers all where the latents are no larger.</summary>
    /// <param name="latents_BCTHW">Latents.</param>
    /// <param name="decode">Decodes a tile of them; it owns nothing.</param>
    public Tensor Decode(Tensor latents_BCTHW, Func<Tensor, Tensor> decode)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        ArgumentNullException.ThrowIfNull(decode);
        (long height, long width) = (latents_BCTHW.shape[3], latents_BCTHW.shape[4]);
        if (height <= _rows.Latents && width <= _columns.Latents)
        {
            return decode(latents_BCTHW);
        }

        using var outer = NewDisposeScope();
        Tensor? video_BCTHW = null;

        // The last rows of the tiles above, faded as they are, and the last columns of the tile to the left.
        List<Tensor> above = [];
        for (long row = 0; row < height; row += _rows.Step)
        {
            List<Tensor> below = [];
            Tensor? left_BCTHW = null;
            for (long column = 0; column < width; column += _columns.Step)
            {
                using var scope = NewDisposeScope();
                Tensor tile_BCTHW = decode(latents_BCTHW
                    .narrow(3, row, Math.Min(_rows.Latents, height - row))
                    .narrow(4, column, Math.Min(_columns.Latents, width - column)));
                Fade(above.ElementAtOrDefault(below.Count), tile_BCTHW, axis: 3);
                Fade(left_BCTHW, tile_BCTHW, axis: 4);
                left_BCTHW?.Dispose();
                left_BCTHW = Last(tile_BCTHW, 4, _columns.Overlap).MoveToOuterDisposeScope();
                below.Add(Last(tile_BCTHW, 3, _rows.Overlap).MoveToOuterDisposeScope());

                long[] shape = tile_BCTHW.shape;
                video_BCTHW ??= empty([shape[0], shape[1], shape[2], height * config.SpatialStride, width * config.SpatialStride], dtype: tile_BCTHW.dtype, device: tile_BCTHW.device).MoveToOuterDisposeScope();
                (long rows, long columns) = (Math.Min(shape[3], _rows.Kept), Math.Min(shape[4], _columns.Kept));
                video_BCTHW
                    .narrow(3, row / _rows.Step * _rows.Kept, rows)
                    .narrow(4, column / _columns.Step * _columns.Kept, columns)
                    .copy_(tile_BCTHW.narrow(3, 0, rows).narrow(4, 0, columns));
            }

            above.ForEach(strip => strip.Dispose());
            above = below;
        }

        return video_BCTHW!.MoveToOuterDisposeScope();
    }

    private static Tensor Last(Tensor tile_BCTHW, int axis, long count)
    {
        long length = tile_BCTHW.shape[axis];
        return tile_BCTHW.narrow(axis, Math.Max(0, length - count), Math.Min(count, length)).clone();
    }

    /// <summary>Over n places the tile comes in as i/n, i = 0 … n − 1, and what was there goes.</summary>
    private static void Fade(Tensor? before_BCTHW, Tensor tile_BCTHW, int axis)
    {
        long count = before_BCTHW is null ? 0 : Math.Min(before_BCTHW.shape[axis], tile_BCTHW.shape[axis]);
        if (before_BCTHW is null || count == 0)
        {
            return;
        }

        long[] shape = [1, 1, 1, 1, 1];
        shape[axis] = count;
        Tensor share = (arange(count, ScalarType.Float64, device: tile_BCTHW.device) / count).view(shape);
        Tensor fading = tile_BCTHW.narrow(axis, 0, count);
        Tensor old = before_BCTHW.narrow(axis, before_BCTHW.shape[axis] - count, count);
        fading.copy_((old * (1 - share).to(old.dtype)) + (fading * share.to(fading.dtype)));
    }

    /// <summary>Tiles along one side.</summary>
    /// <param name="Pixels">Pixels of a tile.</param>
    /// <param name="Stride">Pixels of a latent.</param>
    /// <param name="Overlapping">Share of a tile that the next has too.</param>
    private sealed record Axis(int Pixels, int Stride, double Overlapping)
    {
        /// <summary>Latents of a tile.</summary>
        public long Latents => Pixels / Stride;

        /// <summary>Latents from one tile to the next.</summary>
        public long Step => Math.Max(1, (long)(Latents * (1 - Overlapping)));

        /// <summary>Pixels of a tile that are kept.</summary>
        public long Kept => Step * Stride;

        /// <summary>
        /// Pixels that two tiles share. In the published sizes just the share of a tile's pixels; where the step was rounded, diffusers' own numbers do not add up to a
        /// video of the right size.
        /// </summary>
        public long Overlap => (Latents * Stride) - Kept;
    }
}
