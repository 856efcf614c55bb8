using HaloLab.Statistics;

namespace HaloLab.Rewards;

/// <summary>
/// Mini-batches without replacement: every epoch is a permutation of its own, from the stream of its number, so a batch depends on the step
/// alone and a resumed run draws the same ones (DESIGN D6).
/// </summary>
internal sealed class EpochOrder(long runSeed, string purpose, IReadOnlyList<int> places)
{
    private long _epoch = -1;
    private int[] _order = [];

    public int Count => places.Count;

    /// <summary>The places of batch <paramref name="step"/>.</summary>
    public IEnumerable<int> Batch(long step, int size)
    {
        for (long position = step * size; position < (step + 1) * size; position++)
        {
            (long epoch, long within) = Math.DivRem(position, places.Count);
            if (epoch != _epoch)
            {
                _order = [.. places];
                new RandomStream(runSeed, purpose, epoch).Shuffle(_order);
                _epoch = epoch;
            }

            yield return _order[within];
        }
    }
}
