using System.Security.Cryptography;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>Clips, as bytes, and their prompts, held in memory for training.</summary>
internal sealed class ClipSet : IDisposable
{
    private readonly Tensor _pixels_NCTHW;
    private readonly Tensor _tokens_NL;

    public ClipSet(IReadOnlyList<VideoClip> clips, IReadOnlyList<long[]> tokens)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(tokens);
        RequireOnePerClip("prompts", tokens.Count, clips.Count);
        _pixels_NCTHW = ClipBatch.ToPixels(clips).DetachFromDisposeScope();
        _tokens_NL = TokensOf(tokens).DetachFromDisposeScope();
        Count = clips.Count;
    }

    public int Count { get; }

    /// <summary>Prompts of one length as int64 [B, L].</summary>
    /// <exception cref="InputException">The lengths differ.</exception>
    public static Tensor TokensOf(IReadOnlyList<long[]> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int length = tokens.Count == 0 ? 0 : tokens[0].Length;
        if (tokens.Any(row => row.Length != length))
        {
            throw new InputException("The prompts have different numbers of tokens: pad them to the tokenizer's context length.");
        }

        return tensor(tokens.SelectMany(row => row).ToArray(), [tokens.Count, length], dtype: ScalarType.Int64);
    }

    public static void RequireOnePerClip(string what, int count, int clips)
    {
        if (count != clips)
        {
            throw new InputException($"{count} {what} for {clips} clips. Give one per clip.");
        }
    }

    /// <summary>The clips at these places, frames in [−1, 1], and their prompts, on <see cref="Compute.Device"/>.</summary>
    public (Tensor Frames_BCTHW, Tensor Tokens_BL) Batch(IReadOnlyList<int> places)
    {
        using var scope = NewDisposeScope();
        Tensor index_B = tensor(places.Select(place => (long)place).ToArray());
        Tensor frames_BCTHW = ClipBatch.ToUnitRange(_pixels_NCTHW.index_select(0, index_B).to(Compute.Device));
        return (frames_BCTHW.MoveToOuterDisposeScope(), _tokens_NL.index_select(0, index_B).to(Compute.Device).MoveToOuterDisposeScope());
    }

    public void AddTo(IncrementalHash hash)
    {
        hash.AppendData(_pixels_NCTHW.bytes);
        hash.AppendData(_tokens_NL.bytes);
    }

    public void Dispose()
    {
        _pixels_NCTHW.Dispose();
        _tokens_NL.Dispose();
    }
}
