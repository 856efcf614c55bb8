using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>Rewards of a batch of pairs (A, B), higher is better. Checked once here, so that the objective can trust them.</summary>
public sealed class PairRewards : IDisposable
{
    /// <param name="videoA_B">r(A), one per pair.</param>
    /// <param name="videoB_B">r(B).</param>
    /// <param name="patchA_Bthw">r_p(A), one per pair and cell. A cell without a reward holds equal values on both sides: it is tied.</param>
    /// <param name="patchB_Bthw">r_p(B).</param>
    /// <param name="names">The pairs' names, for messages.</param>
    /// <exception cref="InputException">A reward is not a finite number; the message names the pair.</exception>
    public PairRewards(Tensor videoA_B, Tensor videoB_B, Tensor patchA_Bthw, Tensor patchB_Bthw, IReadOnlyList<string>? names = null)
    {
        ArgumentNullException.ThrowIfNull(videoA_B);
        ArgumentNullException.ThrowIfNull(videoB_B);
        ArgumentNullException.ThrowIfNull(patchA_Bthw);
        ArgumentNullException.ThrowIfNull(patchB_Bthw);
        if (videoA_B.dim() != 1 || patchA_Bthw.dim() != 4 || patchA_Bthw.shape[0] != videoA_B.shape[0]
            || !videoA_B.shape.SequenceEqual(videoB_B.shape) || !patchA_Bthw.shape.SequenceEqual(patchB_Bthw.shape))
        {
            throw new ArgumentException("Expected video rewards of shape [B] and patch rewards of shape [B, t, h, w], the same for A and B.");
        }

        VideoA_B = videoA_B;
        VideoB_B = videoB_B;
        PatchA_Bthw = patchA_Bthw;
        PatchB_Bthw = patchB_Bthw;
        RequireFinite(videoA_B, "video", "A", names);
        RequireFinite(videoB_B, "video", "B", names);
        RequireFinite(patchA_Bthw, "patch", "A", names);
        RequireFinite(patchB_Bthw, "patch", "B", names);
    }

    private PairRewards(PairRewards all, Tensor rows_B)
    {
        VideoA_B = all.VideoA_B.index_select(0, rows_B);
        VideoB_B = all.VideoB_B.index_select(0, rows_B);
        PatchA_Bthw = all.PatchA_Bthw.index_select(0, rows_B);
        PatchB_Bthw = all.PatchB_Bthw.index_select(0, rows_B);
    }

    public Tensor VideoA_B { get; }

    public Tensor VideoB_B { get; }

    public Tensor PatchA_Bthw { get; }

    public Tensor PatchB_Bthw { get; }

    /// <summary>The rewards of some of the pairs, already checked.</summary>
    public PairRewards Rows(long[] rows)
    {
        using Tensor rows_B = tensor(rows, device: VideoA_B.device);
        return new PairRewards(this, rows_B);
    }

    public void Dispose()
    {
        VideoA_B.Dispose();
        VideoB_B.Dispose();
        PatchA_Bthw.Dispose();
        PatchB_Bthw.Dispose();
    }

    internal PairRewards DetachFromDisposeScope()
    {
        VideoA_B.DetachFromDisposeScope();
        VideoB_B.DetachFromDisposeScope();
        PatchA_Bthw.DetachFromDisposeScope();
        PatchB_Bthw.DetachFromDisposeScope();
        return this;
    }

    private static void RequireFinite(Tensor rewards, string kind, string side, IReadOnlyList<string>? names)
    {
        using var scope = NewDisposeScope();
        Tensor finite_B = rewards.reshape(rewards.shape[0], -1).isfinite().all(1).cpu();
        bool[] finite = finite_B.data<bool>().ToArray();
        int bad = Array.IndexOf(finite, false);
        if (bad >= 0)
        {
            throw new InputException($"Pair {(names is null ? $"number {bad} of the batch" : $"'{names[bad]}'")}: a {kind} reward of clip {side} is not a finite number. "
                + "Correct it or leave it out: a missing reward is missing, never NaN.");
        }
    }
}
