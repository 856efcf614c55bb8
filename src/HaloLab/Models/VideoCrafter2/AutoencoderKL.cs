using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// The variational autoencoder of latent diffusion (Rombach et al. 2022, arXiv 2112.10752), which VideoCrafter2 applies to each frame. Keys of
/// the state are those of the published checkpoints after <c>first_stage_model.</c> Pixels are in [−1, 1]; decoded ones are not clamped.
/// </summary>
public sealed class AutoencoderKL : Module<Tensor, Tensor>
{
    public readonly AutoencoderEncoder encoder;
    public readonly AutoencoderDecoder decoder;
    public readonly Layers.Conv2d quant_conv;
    public readonly Layers.Conv2d post_quant_conv;

    public AutoencoderKL(AutoencoderKLOptions options)
        : base(nameof(AutoencoderKL))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        encoder = new(options);
        decoder = new(options);
        quant_conv = new(2 * options.CodeChannels, 2 * options.LatentChannels, [1, 1]);
        post_quant_conv = new(options.LatentChannels, options.CodeChannels, [1, 1]);
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public AutoencoderKLOptions Options { get; }

    /// <summary>Pixels per latent along height and width.</summary>
    public int Stride => 1 << (Options.ChannelMultipliers.Count - 1);

    /// <summary>Reconstruction through the means, [N, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        return DecodeCode(Encode(pixels_NCHW).Mean_NCHW).MoveToOuterDisposeScope();
    }

    /// <summary>The distribution of the code of frames.</summary>
    /// <param name="pixels_NCHW">Frames in [−1, 1], height and width multiples of <see cref="Stride"/>.</param>
    public DiagonalGaussian Encode(Tensor pixels_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor[] halves = quant_conv.call(encoder.call(pixels_NCHW)).chunk(2, 1);
        return new(halves[0].MoveToOuterDisposeScope(), halves[1].clamp(-30, 20).MoveToOuterDisposeScope());
    }

    /// <summary>Scaled latents of clips, frame by frame.</summary>
    /// <param name="pixels_BCTHW">Clips in [−1, 1].</param>
    /// <param name="noise_BCTHW">Standard normal noise of the latents' shape to sample with, or null for the means.</param>
    public Tensor EncodeClips(Tensor pixels_BCTHW, Tensor? noise_BCTHW = null)
    {
        using var scope = NewDisposeScope();
        DiagonalGaussian code = Encode(FrameFolding.FramesOf(pixels_BCTHW));
        Tensor code_NCHW = noise_BCTHW is null ? code.Mean_NCHW : code.Sample(FrameFolding.FramesOf(noise_BCTHW));
        return FrameFolding.ClipsOf(code_NCHW.mul(Options.ScaleFactor), pixels_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>Frames from scaled latents.</summary>
    public Tensor Decode(Tensor latents_NCHW)
    {
        using Tensor code_NCHW = latents_NCHW.div(Options.ScaleFactor);
        return DecodeCode(code_NCHW);
    }

    /// <summary>Clips from scaled latents, frame by frame.</summary>
    /// <param name="latents_BCTHW">Scaled latents.</param>
    /// <param name="framesAtOnce">At most so many frames are in work at a time, which bounds the memory.</param>
    public Tensor DecodeClips(Tensor latents_BCTHW, int framesAtOnce = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(framesAtOnce, 1);
        using var scope = NewDisposeScope();
        Tensor frames_NCHW = FrameFolding.FramesOf(latents_BCTHW);
        Tensor[] decoded = [.. frames_NCHW.split(Math.Min(framesAtOnce, frames_NCHW.shape[0])).Select(Decode)];
        return FrameFolding.ClipsOf(decoded.Length == 1 ? decoded[0] : cat(decoded), latents_BCTHW.shape[0]).MoveToOuterDisposeScope();
    }

    private Tensor DecodeCode(Tensor code_NCHW)
    {
        using Tensor widened = post_quant_conv.call(code_NCHW);
        return decoder.call(widened);
    }
}
