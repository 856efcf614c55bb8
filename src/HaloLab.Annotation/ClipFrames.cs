using System.IO.Compression;
using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>
/// Single frames of clips as PNGs: what is graded are the pixels that were made, not what another codec makes of them, and every browser shows them. Decoded
/// clips stay in memory up to a limit, those asked for last.
/// </summary>
internal sealed class ClipFrames
{
    private const long MostBytes = 512L << 20;

    private readonly Lock _lock = new();
    private readonly LinkedList<(string Path, Task<VideoClip> Clip, long Bytes)> _clips = [];

    /// <exception cref="InputException">The file is not what it was when the study was read.</exception>
    public async Task<byte[]> EncodeAsync(StudyClip clip, int frame)
    {
        VideoClip decoded = await Decoded(clip).ConfigureAwait(false);
        return Encode(decoded, frame);
    }

    public static byte[] Encode(VideoClip clip, int frame) => Apng.EncodeStill(clip.Frame(frame), clip.Height, clip.Width, level: CompressionLevel.Fastest);

    private Task<VideoClip> Decoded(StudyClip clip)
    {
        lock (_lock)
        {
            for (LinkedListNode<(string Path, Task<VideoClip> Clip, long Bytes)>? node = _clips.First; node is not null; node = node.Next)
            {
                if (node.Value.Path == clip.Path && !node.Value.Clip.IsFaulted)
                {
                    _clips.Remove(node);
                    _clips.AddFirst(node);
                    return node.Value.Clip;
                }
            }

            Task<VideoClip> decoding = ReadAsync(clip);
            _clips.AddFirst((clip.Path, decoding, 3L * clip.Frames * clip.Height * clip.Width));
            while (_clips.Count > 1 && _clips.Sum(known => known.Bytes) > MostBytes)
            {
                _clips.RemoveLast();
            }

            return decoding;
        }
    }

    private static async Task<VideoClip> ReadAsync(StudyClip clip)
    {
        VideoClip decoded = await VideoFile.ReadAsync(clip.Path).ConfigureAwait(false);
        return decoded.ContentHash == clip.Hash ? decoded : throw new InputException($"{clip.Path}: is another clip than when this was started. Start `halolab annotate` again.");
    }
}
