using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>A clip of a study.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">The file's name as the list of clips has it; annotators never see it.</param>
/// <param name="Prompt">What it should show, or null where that is not known.</param>
/// <param name="FileHash">SHA-256 of the file.</param>
/// <param name="Hash">The clip's content hash.</param>
/// <param name="Frames">Number of frames.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="FramesPerSecond">Frame rate.</param>
/// <param name="FrameEdges">Where the grid's cells begin and end along the frames.</param>
/// <param name="RowEdges">The same along the rows of pixels.</param>
/// <param name="ColumnEdges">The same along the columns.</param>
public sealed record StudyClip(
    string Path,
    string Name,
    string? Prompt,
    string FileHash,
    string Hash,
    int Frames,
    int Height,
    int Width,
    double FramesPerSecond,
    IReadOnlyList<int> FrameEdges,
    IReadOnlyList<int> RowEdges,
    IReadOnlyList<int> ColumnEdges)
{
    /// <summary>Reads a file and cuts the clip in it.</summary>
    /// <exception cref="InputException">The file is no video, or the grid does not fit it.</exception>
    internal static async Task<StudyClip> ReadAsync(string path, string name, string? prompt, PatchGrid grid, int temporalStride, int spatialStride, CancellationToken cancellation)
    {
        VideoClip clip = await VideoFile.ReadAsync(path, cancellation).ConfigureAwait(false);
        try
        {
            (int[] frames, int[] rows, int[] columns) = LatentLattice.ForClip(clip.Frames, clip.Height, clip.Width, spatialStride, temporalStride).PixelBoundaries(grid);
            return new StudyClip(path, name, prompt, HaloLab.FileHash.Of(path), clip.ContentHash, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond, frames, rows, columns);
        }
        catch (InputException exception)
        {
            throw new InputException($"{path}: {exception.Message}", exception);
        }
    }
}
