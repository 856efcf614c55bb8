namespace HaloLab.Rewards;

/// <summary>The clips of one step. Pairs come first: all clips A, then all clips B.</summary>
internal sealed record RewardBatch(IReadOnlyList<int> Places, IReadOnlyList<PairLabel> PairLabels);

/// <summary>
/// Which clips a step sees. With both losses on, half of a batch is drawn from what has video labels and half from the clips with patch labels,
/// so that few patch labels beside many video labels are not starved.
/// </summary>
internal sealed class RewardBatches
{
    private readonly RewardTrainingSet _data;
    private readonly EpochOrder? _video;
    private readonly EpochOrder? _pairs;
    private readonly EpochOrder? _patches;
    private readonly int _videoShare;
    private readonly int _patchShare;

    public RewardBatches(RewardTrainingSet data, RewardTrainingOptions options, long runSeed)
    {
        _data = data;
        int size = options.Budget.BatchSize;
        bool both = options.VideoWeight > 0 && options.PatchWeight > 0;
        if (options.VideoWeight > 0)
        {
            _videoShare = both ? size / 2 : size;
            if (options.VideoLoss == VideoLossKind.Regression)
            {
                _video = Order("reward training, clips with video labels", Enumerable.Range(0, data.Count).Where(i => !double.IsNaN(data.VideoLabels[i])));
            }
            else
            {
                _pairs = Order("reward training, pairs", Enumerable.Range(0, data.Pairs.Count).Where(i => data.Pairs[i].Label != PairLabel.Invalid));
            }
        }

        if (options.PatchWeight > 0)
        {
            _patchShare = size - _videoShare;
            _patches = Order("reward training, clips with patch labels", Enumerable.Range(0, data.Count).Where(i => data.PatchLabels[i].Any(label => !double.IsNaN(label))));
        }

        EpochOrder Order(string purpose, IEnumerable<int> places)
        {
            EpochOrder order = new(runSeed, purpose, [.. places]);
            return order.Count > 0 ? order : throw new InputException($"No label to train on: there are no {purpose.Split(", ")[1]}. Give at least one, or set the weight of that loss to 0.");
        }
    }

    public RewardBatch Of(long step)
    {
        LabelledPair[] pairs = [.. _pairs?.Batch(step, _videoShare / 2).Select(i => _data.Pairs[i]) ?? []];
        int[] places =
        [
            .. pairs.Select(pair => pair.A),
            .. pairs.Select(pair => pair.B),
            .. _video?.Batch(step, _videoShare) ?? [],
            .. _patches?.Batch(step, _patchShare) ?? [],
        ];
        return new RewardBatch(places, [.. pairs.Select(pair => pair.Label)]);
    }
}
