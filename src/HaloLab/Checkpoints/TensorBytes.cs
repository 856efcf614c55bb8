using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Moves values between files and tensors on the CPU, however large: a span ends at 2 GiB.</summary>
internal static class TensorBytes
{
    private const long ChunkElements = 1 << 26;
    private const long ReadAtOnceBytes = 2 << 20;

    /// <summary>Fills a contiguous tensor from a place of a file, by as many threads as torch computes with.</summary>
    /// <exception cref="EndOfStreamException">The file ends too early.</exception>
    public static void Read(SafeFileHandle file, long place, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        Tensor flat_N = tensor.view(-1);
        (long elements, long size) = (flat_N.NumberOfElements, flat_N.element_size());
        Tensor[] parts_N = [.. Parts(elements, ReadAtOnceBytes / size).Select(part => flat_N.narrow(0, part.First, part.Count))];
        // A thread's part of the memory is made by that thread. The tensors are made here: nothing else works with them beside.
        Parallel.For(0, parts_N.Length, new ParallelOptions { MaxDegreeOfParallelism = Compute.Threads }, i =>
        {
            Span<byte> bytes = parts_N[i].bytes;
            for (int done = 0; done < bytes.Length;)
            {
                int read = RandomAccess.Read(file, bytes[done..], place + (i * ReadAtOnceBytes) + done);
                done += read > 0 ? read : throw new EndOfStreamException("The file was shortened while it was read.");
            }
        });
    }

    /// <summary>Fills a contiguous tensor.</summary>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    public static void Read(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.ReadExactly(chunk.bytes));

    /// <summary>Writes a contiguous tensor.</summary>
    public static void Write(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.Write(chunk.bytes));

    /// <summary>Asks for <see cref="LargePages"/> under a contiguous tensor.</summary>
    public static void AskForLargePages(Tensor tensor) => InChunks(tensor, chunk => LargePages.Ask(chunk.bytes));

    private static void InChunks(Tensor tensor, Action<Tensor> move)
    {
        using Tensor flat_N = tensor.view(-1);
        foreach ((long first, long count) in Parts(flat_N.NumberOfElements, ChunkElements))
        {
            using Tensor chunk = flat_N.narrow(0, first, count);
            move(chunk);
        }
    }

    private static IEnumerable<(long First, long Count)> Parts(long elements, long atOnce)
    {
        for (long first = 0; first < elements; first += atOnce)
        {
            yield return (first, Math.Min(atOnce, elements - first));
        }
    }
}
