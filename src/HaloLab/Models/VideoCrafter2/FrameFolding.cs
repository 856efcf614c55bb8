using static TorchSharp.torch;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// Between clips [B, C, T, H, W] and frames [B·T, C, H, W]. Memory keeps the order B, T, H, W, C throughout (torch's channels-last), in which
/// both forms, the tokens of the transformers and the input of the temporal convolutions are views of one another: nothing is copied.
/// </summary>
internal static class FrameFolding
{
    public static Tensor FramesOf(Tensor clips_BCTHW) => clips_BCTHW.permute(0, 2, 1, 3, 4).flatten(0, 1);

    public static Tensor ClipsOf(Tensor frames_NCHW, long batch)
    {
        long[] shape = frames_NCHW.shape;
        return frames_NCHW.view(batch, shape[0] / batch, shape[1], shape[2], shape[3]).permute(0, 2, 1, 3, 4);
    }

    /// <summary>The same clips with channels last in memory.</summary>
    public static Tensor ChannelsLast(Tensor clips_BCTHW) => clips_BCTHW.permute(0, 2, 3, 4, 1).contiguous().permute(0, 4, 1, 2, 3);
}
