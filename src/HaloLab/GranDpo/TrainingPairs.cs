using HaloLab.Checkpoints;
using HaloLab.Preferences;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>Preference pairs with what the denoiser is shown of them. Owns its tensors.</summary>
public sealed class TrainingPairs : IDisposable
{
    /// <param name="pairs">N pairs, at least one, none twice.</param>
    /// <param name="latentsA_NCTHW">Clean latents of clips A in the scale that the denoiser works in.</param>
    /// <param name="latentsB_NCTHW">Clean latents of clips B.</param>
    /// <param name="context_PLD">Encoded prompts, each once.</param>
    /// <param name="contextOf">For every pair its row in <paramref name="context_PLD"/>.</param>
    /// <param name="lattice">The latents' lattice; its strides decide how patch rewards on another grid are pooled.</param>
    /// <exception cref="InputException">No pairs, a pair that stands twice, or latents that are not finite; the message names the pair.</exception>
    public TrainingPairs(
        IReadOnlyList<PreferencePair> pairs, Tensor latentsA_NCTHW, Tensor latentsB_NCTHW, Tensor context_PLD, IReadOnlyList<int> contextOf, LatentLattice lattice)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(latentsA_NCTHW);
        ArgumentNullException.ThrowIfNull(latentsB_NCTHW);
        ArgumentNullException.ThrowIfNull(context_PLD);
        ArgumentNullException.ThrowIfNull(contextOf);
        if (pairs.Count == 0)
        {
            throw new InputException("There are no preference pairs to train on. Generate more candidates per prompt, or lower the margins of the pair rules.");
        }

        long[] shape = latentsA_NCTHW.shape;
        if (shape.Length != 5 || shape[0] != pairs.Count || !shape.SequenceEqual(latentsB_NCTHW.shape) || contextOf.Count != pairs.Count
            || !shape.AsSpan(2).SequenceEqual([lattice.Frames, lattice.Height, lattice.Width]))
        {
            throw new ArgumentException($"Expected latents of {pairs.Count} pairs on {lattice} and a context for each, got [{string.Join(", ", shape)}], [{string.Join(", ", latentsB_NCTHW.shape)}] and {contextOf.Count} contexts.", nameof(latentsA_NCTHW));
        }

        Pairs = pairs;
        LatentsA_NCTHW = latentsA_NCTHW.DetachFromDisposeScope();
        LatentsB_NCTHW = latentsB_NCTHW.DetachFromDisposeScope();
        Context_PLD = context_PLD.DetachFromDisposeScope();
        ContextOf = contextOf;
        Lattice = lattice;
        ContentIds = [.. Enumerable.Range(0, pairs.Count).Select(ContentId)];
        RequireUniqueAndFinite();
    }

    public IReadOnlyList<PreferencePair> Pairs { get; }

    public Tensor LatentsA_NCTHW { get; }

    public Tensor LatentsB_NCTHW { get; }

    public Tensor Context_PLD { get; }

    public IReadOnlyList<int> ContextOf { get; }

    public LatentLattice Lattice { get; }

    /// <summary>For every pair a hash of latents and context: its name in a cache of reference energies.</summary>
    public IReadOnlyList<string> ContentIds { get; }

    /// <summary>
    /// The rewards of all pairs on a grid. Patch rewards on another grid are pooled by overlap; a cell that touches one without a reward on
    /// either side is without one too. Cells without a reward, and pairs without patch rewards, have equal values on both sides: they are tied.
    /// </summary>
    public PairRewards Rewards(PatchGrid grid, VideoRewardSource source)
    {
        using var scope = NewDisposeScope();
        PreferencePair[] pairs = [.. Pairs.Select(pair => source == VideoRewardSource.PatchMean ? pair.WithPatchMeans() : pair)];
        (Tensor A_thw, Tensor B_thw)[] patches = [.. pairs.Select(pair => PatchesOn(grid, pair))];
        PairRewards rewards = new(
            tensor(pairs.Select(pair => pair.A.VideoReward).ToArray()),
            tensor(pairs.Select(pair => pair.B.VideoReward).ToArray()),
            stack([.. patches.Select(patch => patch.A_thw)]),
            stack([.. patches.Select(patch => patch.B_thw)]),
            [.. pairs.Select(pair => pair.ToString())]);
        return rewards.DetachFromDisposeScope();
    }

    public void Dispose()
    {
        LatentsA_NCTHW.Dispose();
        LatentsB_NCTHW.Dispose();
        Context_PLD.Dispose();
    }

    private (Tensor A_thw, Tensor B_thw) PatchesOn(PatchGrid grid, PreferencePair pair)
    {
        if (pair.A.Patches is not { } a || pair.B.Patches is not { } b)
        {
            return (zeros([grid.Time, grid.Height, grid.Width], ScalarType.Float64), zeros([grid.Time, grid.Height, grid.Width], ScalarType.Float64));
        }

        bool[] present = [.. a.Values.Zip(b.Values, (own, other) => own is not null && other is not null)];
        Tensor mask_thw = Map(present.Select(isPresent => isPresent ? 1.0 : 0.0));
        Tensor a_thw = Map(a.Values.Zip(present, (value, isPresent) => isPresent ? value!.Value : 0));
        Tensor b_thw = Map(b.Values.Zip(present, (value, isPresent) => isPresent ? value!.Value : 0));
        if (a.Grid != grid)
        {
            LatticePooling pooling = new(Lattice.Edges(a.Grid), Lattice.Edges(grid));
            (mask_thw, a_thw, b_thw) = (pooling.Pool(mask_thw), pooling.Pool(a_thw), pooling.Pool(b_thw));
        }

        // Overlaps are sums of fractions, so a whole cell may come out a rounding below 1.
        Tensor isWhole_thw = mask_thw.gt(1 - 1e-9).to(ScalarType.Float64);
        return (a_thw * isWhole_thw, b_thw * isWhole_thw);

        Tensor Map(IEnumerable<double> values) => tensor(values.ToArray(), [a.Grid.Time, a.Grid.Height, a.Grid.Width]);
    }

    private string ContentId(int pair)
    {
        using var scope = NewDisposeScope();
        return TensorHash.Compute([("a", LatentsA_NCTHW[pair]), ("b", LatentsB_NCTHW[pair]), ("context", Context_PLD[ContextOf[pair]])])[..32];
    }

    private void RequireUniqueAndFinite()
    {
        using var scope = NewDisposeScope();
        bool[] finite = (LatentsA_NCTHW.isfinite() & LatentsB_NCTHW.isfinite()).flatten(1).all(1).cpu().data<bool>().ToArray();
        HashSet<string> ids = [];
        for (int i = 0; i < Pairs.Count; i++)
        {
            if (!finite[i])
            {
                throw new InputException($"{Pairs[i]}: its latents hold numbers that are not finite. Encode its clips again.");
            }

            if (!ids.Add(Pairs[i].Id))
            {
                throw new InputException($"{Pairs[i]}: stands twice among the pairs. Leave one out.");
            }
        }
    }
}
