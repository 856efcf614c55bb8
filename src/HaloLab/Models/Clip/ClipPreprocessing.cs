using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Models.Clip;

/// <summary>Frames of a clip to normalised pictures.</summary>
public static class ClipPreprocessing
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <param name="frames_NCHW">RGB grey levels 0 to 255 of any type.</param>
    /// <param name="size">Side of the pictures.</param>
    /// <param name="pixels">How.</param>
    /// <returns>N × 3 × size × size.</returns>
    public static Tensor Apply(Tensor frames_NCHW, int size, ClipPixels pixels)
    {
        ArgumentNullException.ThrowIfNull(frames_NCHW);
        using var scope = NewDisposeScope();
        (int height, int width) = ((int)frames_NCHW.shape[2], (int)frames_NCHW.shape[3]);
        (int newHeight, int newWidth) = pixels == ClipPixels.Square ? (size, size) : PictureResizing.SmallerSide(height, width, size);
        Tensor levels_NCHW = pixels == ClipPixels.Pillow
            ? ByPillow(frames_NCHW, newHeight, newWidth)
            : PictureResizing.Resize(frames_NCHW.to(ScalarType.Float32), newHeight, newWidth, ResizeFilter.Bicubic, smooths: pixels == ClipPixels.Square);
        if (pixels == ClipPixels.Rounded)
        {
            levels_NCHW = levels_NCHW.clamp(0, 255).round();
        }

        (int top, int left) = ((int)Math.Round((newHeight - size) / 2.0), (int)Math.Round((newWidth - size) / 2.0));
        return Normalise(levels_NCHW.narrow(2, top, size).narrow(3, left, size)).MoveToOuterDisposeScope();
    }

    /// <summary>Grey levels of 0 to 255 by the mean and deviation of CLIP's training pictures, which others took over.</summary>
    internal static Tensor Normalise(Tensor levels_NCHW) => PictureResizing.Normalise(levels_NCHW, Mean, Deviation);

    private static Tensor ByPillow(Tensor frames_NCHW, int height, int width)
    {
        using var scope = NewDisposeScope();
        Tensor pictures_NHWC = frames_NCHW.to(ScalarType.Byte).cpu().permute(0, 2, 3, 1).contiguous();
        byte[][] resized =
        [
            .. pictures_NHWC.unbind(0).Select(picture => PillowResizing.Resize(
                picture.contiguous().bytes, (int)picture.shape[0], (int)picture.shape[1], height, width, columnsMayComeFirst: true)),
        ];
        Tensor levels_NHWC = tensor(resized.SelectMany(picture => picture).ToArray(), [resized.Length, height, width, 3], dtype: ScalarType.Byte);
        return levels_NHWC.permute(0, 3, 1, 2).to(ScalarType.Float32).to(frames_NCHW.device).MoveToOuterDisposeScope();
    }
}
