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

    /// <summary>Fills tensors that are there already, in their entries' shapes; floating-point values are converted to their types. Call without gradients.</summary>
    /// <param name="destinations">By keys of <see cref="Entries"/>, on any device.</param>
    void ReadInto(IReadOnlyDictionary<string, Tensor> destinations)
    {
        ArgumentNullException.ThrowIfNull(destinations);
        foreach ((string name, Tensor destination) in destinations)
        {
            using Tensor value = Read(name);
            destination.copy_(value);
        }
    }
}
