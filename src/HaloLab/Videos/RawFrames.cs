namespace HaloLab.Videos;

/// <summary>
/// Frames as they come through a pipe, read right into the memory that becomes the clip's. The memory is not zeroed first and nothing is copied where the expected number of
/// bytes comes.
/// </summary>
internal sealed class RawFrames
{
    private byte[] _bytes = [];

    /// <summary>Bytes that came.</summary>
    public int Length { get; private set; }

    /// <summary>Reads to the end. Blocking reads on a thread of the pool: a pipe gives 64 KiB at a time, and waiting for each asynchronously costs more than the read.</summary>
    /// <param name="source">The pipe.</param>
    /// <param name="expected">Bytes that are expected; more or fewer may come.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    public Task ReadAsync(Stream source, long expected, CancellationToken cancellation) => Task.Run(
        () =>
        {
            _bytes = GC.AllocateUninitializedArray<byte>(checked((int)expected));
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Length == _bytes.Length)
                {
                    // Only a byte more tells the end from a file that said too little.
                    int next = source.ReadByte();
                    if (next < 0)
                    {
                        return;
                    }

                    Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(1 << 16, 2L * _bytes.Length)));
                    _bytes[Length++] = (byte)next;
                }
                else if (source.Read(_bytes, Length, _bytes.Length - Length) is > 0 and int count)
                {
                    Length += count;
                }
                else
                {
                    return;
                }
            }
        },
        cancellation);

    /// <summary>The bytes.</summary>
    public byte[] ToArray() => Length == _bytes.Length ? _bytes : _bytes[..Length];
}
