using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>
/// Wan2.1's causal video autoencoder: 1 + 4k frames become 1 + k latent frames of an eighth of the size. Both ways go through a video in pieces with what
/// the layers remember of the frames before, so that memory does not grow with its length. Keys of the state are those of the diffusers folder.
/// </summary>
public sealed class WanAutoencoder : Module
{
    private const double LeastLogVariance = -30;
    private const double GreatestLogVariance = 20;

    public readonly WanVaeEncoder encoder;
    public readonly WanCausalConv3d quant_conv;
    public readonly WanCausalConv3d post_quant_conv;
    public readonly WanVaeDecoder decoder;

    public WanAutoencoder(WanVaeConfig config)
        : base(nameof(WanAutoencoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        encoder = new WanVaeEncoder(config);
        quant_conv = new WanCausalConv3d(2 * config.ZDim, 2 * config.ZDim, [1, 1, 1]);
        post_quant_conv = new WanCausalConv3d(config.ZDim, config.ZDim, [1, 1, 1]);
        decoder = new WanVaeDecoder(config);
        RegisterComponents();
    }

    /// <summary>What the autoencoder was built from.</summary>
    public WanVaeConfig Config { get; }

    /// <summary>Mean and logarithm of the variance of the latents, before normalisation.</summary>
    /// <param name="video_BCTHW">Frames in −1 to 1; T is 1 plus a multiple of <see cref="WanVaeConfig.TemporalStride"/>, sides multiples of <see cref="WanVaeConfig.SpatialStride"/>.</param>
    /// <param name="framesAtOnce">Frames of a piece after the first, a multiple of <see cref="WanVaeConfig.TemporalStride"/>; by default that number.</param>
    public (Tensor Mean_BCTHW, Tensor LogVariance_BCTHW) Moments(Tensor video_BCTHW, int? framesAtOnce = null)
    {
        ArgumentNullException.ThrowIfNull(video_BCTHW);
        long[] shape = video_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != 3 || (shape[2] - 1) % Config.TemporalStride != 0 || shape[3] % Config.SpatialStride != 0 || shape[4] % Config.SpatialStride != 0)
        {
            throw new ArgumentException(
                $"Video is [{string.Join(", ", shape)}]; expected [B, 3, 1 + {Config.TemporalStride}k, H, W] with height and width multiples of {Config.SpatialStride}.", nameof(video_BCTHW));
        }

        using var scope = NewDisposeScope();
        Tensor features_BCTHW = InPieces(video_BCTHW, framesAtOnce ?? Config.TemporalStride, 1 + ((shape[2] - 1) / Config.TemporalStride), encoder);
        Tensor[] moments_BCTHW = quant_conv.call(features_BCTHW).chunk(2, 1);
        return (moments_BCTHW[0].MoveToOuterDisposeScope(), moments_BCTHW[1].clamp(LeastLogVariance, GreatestLogVariance).MoveToOuterDisposeScope());
    }

    /// <summary>The latents that Wan's transformer works in: the mean, normalised per channel.</summary>
    /// <param name="video_BCTHW">As for <see cref="Moments"/>.</param>
    public Tensor Encode(Tensor video_BCTHW)
    {
        using var scope = NewDisposeScope();
        (Tensor mean_BCTHW, _) = Moments(video_BCTHW);
        return ((mean_BCTHW - PerChannel(Config.LatentsMean, mean_BCTHW)) / PerChannel(Config.LatentsStd, mean_BCTHW)).MoveToOuterDisposeScope();
    }

    /// <summary>Frames in −1 to 1.</summary>
    /// <param name="latents_BCTHW">Normalised latents.</param>
    /// <param name="framesAtOnce">Latent frames of a piece after the first. More need more memory and give the same numbers.</param>
    public Tensor Decode(Tensor latents_BCTHW, int framesAtOnce = 1)
    {
        using var scope = NewDisposeScope();
        return DecodeUnclamped(latents_BCTHW, framesAtOnce).clamp_(-1, 1).MoveToOuterDisposeScope();
    }

    internal Tensor DecodeUnclamped(Tensor latents_BCTHW, int framesAtOnce)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        ArgumentOutOfRangeException.ThrowIfLessThan(framesAtOnce, 1);
        using var scope = NewDisposeScope();
        Tensor wide_BCTHW = (latents_BCTHW * PerChannel(Config.LatentsStd, latents_BCTHW)) + PerChannel(Config.LatentsMean, latents_BCTHW);
        return InPieces(post_quant_conv.call(wide_BCTHW), framesAtOnce, 1 + ((latents_BCTHW.shape[2] - 1) * Config.TemporalStride), decoder).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The first frame, then so many at once; with the frames before in the cache the numbers do not depend on it. Pieces go to their place as they come, so
    /// that beside them only the whole is held.
    /// </summary>
    private static Tensor InPieces(Tensor frames_BCTHW, int framesAtOnce, long framesOut, Module<Tensor, FrameCache, Tensor> part)
    {
        using FrameCache cache = new();
        Tensor? whole_BCTHW = null;
        long done = 0;
        for (long first = 0; first < frames_BCTHW.shape[2];)
        {
            long count = first == 0 ? 1 : Math.Min(framesAtOnce, frames_BCTHW.shape[2] - first);
            using Tensor given_BCTHW = frames_BCTHW.narrow(2, first, count);
            using Tensor piece_BCTHW = part.call(given_BCTHW, cache);
            long[] shape = piece_BCTHW.shape;
            whole_BCTHW ??= empty([shape[0], shape[1], framesOut, shape[3], shape[4]], dtype: piece_BCTHW.dtype, device: piece_BCTHW.device);
            using Tensor place_BCTHW = whole_BCTHW.narrow(2, done, shape[2]);
            place_BCTHW.copy_(piece_BCTHW);
            first += count;
            done += shape[2];
            FreedMemory.GiveBack();
        }

        return whole_BCTHW ?? throw new ArgumentException("There is no frame.", nameof(frames_BCTHW));
    }

    private static Tensor PerChannel(IReadOnlyList<double> values, Tensor like_BCTHW) =>
        tensor([.. values], [1, values.Count, 1, 1, 1], dtype: like_BCTHW.dtype, device: like_BCTHW.device);
}
