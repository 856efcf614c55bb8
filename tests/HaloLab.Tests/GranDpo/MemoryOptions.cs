namespace HaloLab.Tests.GranDpo;

/// <summary>The options of a training that save memory and leave its numbers as they are, to rounding.</summary>
/// <param name="TwoPass">The clips of a step go through one after the other.</param>
/// <param name="Recomputes">Blocks are computed again in the backward pass.</param>
/// <param name="CachedReference">The reference's energies come from a file.</param>
public sealed record MemoryOptions(bool TwoPass, bool Recomputes, bool CachedReference)
{
    /// <summary>All eight, among which every pair of them is.</summary>
    public static void InAllCombinations(Action<MemoryOptions> check)
    {
        bool[] both = [false, true];
        foreach (MemoryOptions options in from twoPass in both from recomputes in both from isCached in both select new MemoryOptions(twoPass, recomputes, isCached))
        {
            check(options);
        }
    }
}
