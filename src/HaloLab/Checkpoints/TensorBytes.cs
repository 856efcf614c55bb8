using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Moves values between files and tensors on the CPU, however large: a span ends at 2 GiB.</summary>
internal static class TensorBytes
{
    private const long ChunkElements = 1 << 26;

    /// <summary>Fills a contiguous tensor.</summary>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    public static void Read(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.ReadExactly(chunk.bytes));

    /// <summary>Writes a contiguous tensor.</summary>
    public static void Write(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.Write(chunk.bytes));

    private static void InChunks(Tensor tensor, Action<Tensor> move)
    {
        long elements = tensor.NumberOfElements;
        using Tensor flat_N = tensor.view(-1);
        for (long start = 0; start < elements; start += ChunkElements)
        {
            using Tensor chunk = flat_N.narrow(0, start, Math.Min(ChunkElements, elements - start));
            move(chunk);
        }
    }
}
