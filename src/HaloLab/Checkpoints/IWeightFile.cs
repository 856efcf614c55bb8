using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Named tensors in one or several files, described at once and read on demand, so that a file larger than the memory can be worked through.</summary>
public interface IWeightFile : IDisposable
{
    /// <summary>The file or folder.</summary>
    string Source { get; }

    /// <summary>Descriptions by name, in the file's order.</summary>
    IReadOnlyDictionary<string, WeightEntry> Entries { get; }

    /// <summary>Text beside the tensors, empty where there is none.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads one tensor, contiguous, into memory that torch allocated on the CPU. The caller owns it.</summary>
    /// <param name="name">A key of <see cref="Entries"/>.</param>
    Tensor Read(string name);

    /// <summary>Fills a tensor that is there already, in the entry's shape; floating-point values are converted to its type.</summary>
    /// <param name="name">A key of <see cref="Entries"/>.</param>
    /// <param name="destination">On any device. Call without gradients.</param>
    void ReadInto(string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using Tensor value = Read(name);
        destination.copy_(value);
    }
}
