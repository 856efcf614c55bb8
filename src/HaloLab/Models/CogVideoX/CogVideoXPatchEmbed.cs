using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv2d = HaloLab.Models.Layers.Conv2d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.CogVideoX;

/// <summary>Text states and latents into one row of tokens, text first.</summary>
internal sealed class CogVideoXPatchEmbed : Module<Tensor, Tensor, Tensor>
{
    public readonly Conv2d proj;
    public readonly Linear text_proj;
    private readonly CogVideoXConfig _config;

    public CogVideoXPatchEmbed(CogVideoXConfig config)
        : base(nameof(CogVideoXPatchEmbed))
    {
        _config = config;
        proj = new Conv2d(config.InChannels, config.Width, [config.PatchSize, config.PatchSize], stride: [config.PatchSize, config.PatchSize]);
        text_proj = new Linear(config.TextEmbedDim, config.Width);
        RegisterComponents();
    }

    /// <param name="latents_BCTHW">Latents.</param>
    /// <param name="text_BLD">Text states.</param>
    /// <returns>[B, L + S, D], where it has a table with the positions added.</returns>
    public override Tensor forward(Tensor latents_BCTHW, Tensor text_BLD)
    {
        using var scope = NewDisposeScope();
        (long batch, long frames) = (latents_BCTHW.shape[0], latents_BCTHW.shape[2]);
        Tensor patches_FDhw = proj.call(FrameFolding.FramesOf(latents_BCTHW));
        (long rows, long columns) = (patches_FDhw.shape[2], patches_FDhw.shape[3]);
        Tensor video_BSD = patches_FDhw.flatten(2).transpose(1, 2).reshape(batch, frames * rows * columns, _config.Width);
        if (!_config.UseRotaryPositionalEmbeddings)
        {
            video_BSD = video_BSD + CogVideoXPositions.Table(_config, frames, rows, columns, latents_BCTHW.device).to(video_BSD.dtype);
        }

        return cat([text_proj.call(text_BLD), video_BSD], dim: 1).MoveToOuterDisposeScope();
    }
}
