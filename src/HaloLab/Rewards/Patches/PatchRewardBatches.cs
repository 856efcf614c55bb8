namespace HaloLab.Rewards.Patches;

/// <summary>The labels of one step.</summary>
/// <param name="Comparisons">All answers about the pairs that were drawn.</param>
/// <param name="Rated">All ratings of the clips that were drawn.</param>
/// <param name="Graded">Clips whose graded patches are learned from.</param>
internal sealed record PatchRewardBatch(IReadOnlyList<ClipComparison> Comparisons, IReadOnlyList<ClipRating> Rated, IReadOnlyList<int> Graded)
{
    /// <summary>Every clip that is needed, once.</summary>
    public IEnumerable<int> Clips => Comparisons.SelectMany(pair => new[] { pair.A, pair.B }).Concat(Rated.Select(rating => rating.Clip)).Concat(Graded).Distinct();
}

/// <summary>
/// Which labels a step sees. With video and patch losses both on, each has half of the batch, so that few labels of one kind are not starved by many of the other;
/// comparisons and ratings share the video's half in the same way. What a clip or pair that was drawn has of that kind of label is learned from whole.
/// </summary>
internal sealed class PatchRewardBatches
{
    private readonly EpochOrder? _pairs;
    private readonly EpochOrder? _rated;
    private readonly EpochOrder? _graded;
    private readonly int _pairShare;
    private readonly int _ratedShare;
    private readonly int _gradedShare;
    private readonly ClipComparison[][] _comparisonsOf;
    private readonly ILookup<int, ClipRating> _ratingsOf;

    public PatchRewardBatches(RewardLabels labels, PatchRewardTrainingOptions options, long runSeed)
    {
        bool hasVideo = options.VideoWeight > 0;
        _comparisonsOf = hasVideo ? [.. labels.Comparisons.GroupBy(pair => (pair.A, pair.B)).OrderBy(group => group.Key).Select(group => group.ToArray())] : [];
        _ratingsOf = labels.Ratings.ToLookup(rating => rating.Clip);
        int[] rated = hasVideo ? [.. labels.Ratings.Select(rating => rating.Clip).Distinct().Order()] : [];
        int[] graded = options.PatchWeight > 0 ? [.. labels.Patches.Select(grade => grade.Clip).Distinct().Order()] : [];
        if (_comparisonsOf.Length + rated.Length + graded.Length == 0)
        {
            throw new InputException("No label to train on: the training prompts have no grade of a patch, no rating and no comparison for a loss whose weight is above 0. Give more labels, or other weights.");
        }

        bool bothKinds = _comparisonsOf.Length + rated.Length > 0 && graded.Length > 0;
        int ofVideo = graded.Length == 0 ? options.Budget.BatchSize : bothKinds ? options.Budget.BatchSize / 2 : 0;
        _ratedShare = rated.Length == 0 ? 0 : _comparisonsOf.Length == 0 ? ofVideo : ofVideo / 2;

        // A pair is two clips.
        _pairShare = _comparisonsOf.Length == 0 ? 0 : Math.Max(1, (ofVideo - _ratedShare) / 2);
        _ratedShare = rated.Length == 0 ? 0 : Math.Max(1, _ratedShare);
        _gradedShare = graded.Length == 0 ? 0 : Math.Max(1, options.Budget.BatchSize - ofVideo);
        _pairs = Order("patch reward training, comparisons", [.. Enumerable.Range(0, _comparisonsOf.Length)]);
        _rated = Order("patch reward training, rated clips", rated);
        _graded = Order("patch reward training, clips with graded patches", graded);

        EpochOrder? Order(string purpose, int[] places) => places.Length == 0 ? null : new EpochOrder(runSeed, purpose, places);
    }

    public PatchRewardBatch Of(long step) => new(
        [.. _pairs?.Batch(step, Math.Min(_pairShare, _pairs.Count)).SelectMany(pair => _comparisonsOf[pair]) ?? []],
        [.. _rated?.Batch(step, Math.Min(_ratedShare, _rated.Count)).SelectMany(clip => _ratingsOf[clip]) ?? []],
        [.. _graded?.Batch(step, Math.Min(_gradedShare, _graded.Count)) ?? []]);
}
