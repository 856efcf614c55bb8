using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>
/// CogVideoX's causal video autoencoder (Yang et al. 2024, arXiv 2408.06072): 1 + 4k frames become 1 + k latent frames of an eighth of the size. Both ways go
/// through a video in pieces of 8 frames or 2 latent frames, the first of which takes what is left over. Norms see a piece, so the pieces are part of
/// the definition: others give other numbers. Keys of the state are those of the diffusers folder.
/// </summary>
public sealed class CogVideoXAutoencoder : Module
{
    private const double LeastLogVariance = -30;
    private const double GreatestLogVariance = 20;
    private const int FramesAtOnce = 8;
    private const int LatentFramesAtOnce = 2;

    internal readonly CogVideoXVaeEncoder encoder;
    internal readonly CogVideoXVaeDecoder decoder;

    public CogVideoXAutoencoder(CogVideoXVaeConfig config)
        : base(nameof(CogVideoXAutoencoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        encoder = new CogVideoXVaeEncoder(config);
        decoder = new CogVideoXVaeDecoder(config);
        RegisterComponents();
    }

    /// <summary>What the autoencoder was built from.</summary>
    public CogVideoXVaeConfig Config { get; }

    /// <summary>Mean and logarithm of the variance of the latents, before scaling.</summary>
    /// <param name="video_BCTHW">Frames in −1 to 1; sides multiples of <see cref="CogVideoXVaeConfig.SpatialStride"/>.</param>
    public (Tensor Mean_BCTHW, Tensor LogVariance_BCTHW) Moments(Tensor video_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(video_BCTHW);
        long[] shape = video_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != 3 || shape[2] < 1 || shape[3] % Config.SpatialStride != 0 || shape[4] % Config.SpatialStride != 0)
        {
            throw new ArgumentException(
                $"Video is [{string.Join(", ", shape)}]; expected [B, 3, T, H, W] with height and width multiples of {Config.SpatialStride}.", nameof(video_BCTHW));
        }

        using var scope = NewDisposeScope();
        Tensor[] moments_BCTHW = InPieces(video_BCTHW, FramesAtOnce, encoder).chunk(2, 1);
        return (moments_BCTHW[0].MoveToOuterDisposeScope(), moments_BCTHW[1].clamp(LeastLogVariance, GreatestLogVariance).MoveToOuterDisposeScope());
    }

    /// <summary>The latents that CogVideoX's transformer works in: the mean, scaled.</summary>
    /// <param name="video_BCTHW">As for <see cref="Moments"/>.</param>
    public Tensor Encode(Tensor video_BCTHW)
    {
        using var scope = NewDisposeScope();
        (Tensor mean_BCTHW, _) = Moments(video_BCTHW);
        return (mean_BCTHW * Config.ScalingFactor).MoveToOuterDisposeScope();
    }

    /// <summary>Frames, about −1 to 1, as the network gives them: not clamped.</summary>
    /// <param name="latents_BCTHW">Scaled latents.</param>
    public Tensor Decode(Tensor latents_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        using var scope = NewDisposeScope();
        return InPieces(latents_BCTHW / Config.ScalingFactor, LatentFramesAtOnce, decoder).MoveToOuterDisposeScope();
    }

    /// <summary>The same in overlapping tiles of the picture (<see cref="CogVideoXTiles"/>): other numbers, within the memory of a tile.</summary>
    /// <param name="latents_BCTHW">Scaled latents.</param>
    public Tensor DecodeInTiles(Tensor latents_BCTHW) => new CogVideoXTiles(Config).Decode(latents_BCTHW, Decode);

    private static Tensor InPieces(Tensor frames_BCTHW, int framesAtOnce, Module<Tensor, FrameCache, Tensor> part)
    {
        using FrameCache cache = new();
        List<Tensor> pieces = [];
        long total = frames_BCTHW.shape[2];
        for (long first = 0; first < total;)
        {
            long count = first == 0 ? Math.Min(total, framesAtOnce + (total % framesAtOnce)) : framesAtOnce;
            pieces.Add(part.call(frames_BCTHW.narrow(2, first, count), cache));
            first += count;
        }

        return cat([.. pieces], 2);
    }
}
