using static TorchSharp.torch;

namespace HaloLab.Tests;

/// <summary>The number of tensors that live in the process.</summary>
internal static class LiveTensors
{
    /// <summary>Counts after what other tests left to the collector is gone: else it may go at any moment, and the count with it.</summary>
    public static long CountSettled()
    {
        for (int round = 0; round < 2; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Tensor.TotalCount;
    }
}
