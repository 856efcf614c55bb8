using HaloLab.Statistics;

namespace HaloLab.GranDpo;

/// <summary>
/// Which pairs a step takes, and with which draw of noise: permutations of all pairs, one after the other, so that an epoch may end within a
/// step. A pure function of seed and step, so resuming needs no state.
/// </summary>
public sealed class PairSampler(long seed, int pairs, int batchPairs, int drawsPerPair)
{
    private readonly Dictionary<long, int[]> _orders = [];

    /// <summary>The (pair, draw) of every place in a step's batch.</summary>
    public (int Pair, int Draw)[] Batch(long step)
    {
        var batch = new (int Pair, int Draw)[batchPairs];
        for (int place = 0; place < batchPairs; place++)
        {
            (long epoch, long within) = Math.DivRem((step * batchPairs) + place, pairs);
            batch[place] = (Order(epoch)[within], (int)(epoch % drawsPerPair));
        }

        return batch;
    }

    private int[] Order(long epoch)
    {
        if (!_orders.TryGetValue(epoch, out int[]? order))
        {
            order = [.. Enumerable.Range(0, pairs)];
            new RandomStream(seed, "training order", epoch).Shuffle(order);
            if (_orders.Count > 1 + (batchPairs / pairs))
            {
                _orders.Clear();
            }

            _orders[epoch] = order;
        }

        return order;
    }
}
