using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// Between clips [B, C, T, H, W] and frames [B·T, C, H, W], both contiguous. (Channels-last memory would make them views of one another, but
/// torch's group norm is a hundred times slower there on a CPU when a group has few channels; the copies cost far less.)
/// </summary>
internal static class FrameFolding
{
    public static Tensor FramesOf(Tensor clips_BCTHW) => clips_BCTHW.permute(0, 2, 1, 3, 4).flatten(0, 1).contiguous();

    public static Tensor ClipsOf(Tensor frames_NCHW, long batch) => frames_NCHW.unflatten(0, batch, -1).permute(0, 2, 1, 3, 4).contiguous();
}
