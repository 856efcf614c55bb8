using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Moves values between files and tensors on the CPU, however large: a span ends at 2 GiB.</summary>
internal static class TensorBytes
{
    private const long ChunkElements = 1 << 26;
    private const long ReadAtOnceBytes = 2 << 20;

    /// <summary>Fills contiguous tensors from their places in a file, by as many threads as torch computes with.</summary>
    /// <exception cref="EndOfStreamException">The file ends too early.</exception>
    public static void Read(SafeFileHandle file, IEnumerable<(long Place, Tensor Tensor)> tensors)
    {
        // The tensors are made here, on one thread; the others only fill their memory, whose pages are made by whoever comes first.
        using var scope = NewDisposeScope();
        (long Place, Tensor Part_N)[] parts = [.. tensors.OrderBy(item => item.Place).SelectMany(item =>
        {
            Tensor flat_N = item.Tensor.view(-1);
            long size = flat_N.element_size();
            return Parts(flat_N.NumberOfElements, ReadAtOnceBytes / size).Select(part => (item.Place + (part.First * size), flat_N.narrow(0, part.First, part.Count)));
        })];
        Parallel.ForEach(Partitioner.Create(parts, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = Compute.Threads }, part =>
        {
            Span<byte> bytes = part.Part_N.bytes;
            for (int done = 0; done < bytes.Length;)
            {
                int read = RandomAccess.Read(file, bytes[done..], part.Place + done);
                done += read > 0 ? read : throw new EndOfStreamException("The file was shortened while it was read.");
            }
        });
    }

    /// <summary>Fills a contiguous tensor.</summary>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    public static void Read(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.ReadExactly(chunk.bytes));

    /// <summary>Writes a contiguous tensor.</summary>
    public static void Write(Stream stream, Tensor tensor) => InChunks(tensor, chunk => stream.Write(chunk.bytes));

    /// <summary>Gives the values of a contiguous tensor on the CPU to a hash.</summary>
    public static void AppendTo(IncrementalHash hash, Tensor tensor) => InChunks(tensor, chunk => hash.AppendData(chunk.bytes));

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
