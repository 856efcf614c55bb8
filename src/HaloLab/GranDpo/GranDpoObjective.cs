using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>Granular DPO (DESIGN D3, HaloLab's reading of arXiv 2502.06812) as a pure function of energies and rewards.</summary>
public static class GranDpoObjective
{
    /// <summary>
    /// The loss of a batch of B pairs of clips (A, B), with energies E [B] and E_p [B, t, h, w] under policy and reference and rewards of
    /// the same shapes:
    /// <code>
    /// Δ       = E(policy) − E(reference),  Δ_p likewise
    /// s       = sign(r(A) − r(B)), 0 if |r(A) − r(B)| ≤ τ_v;  s_p likewise with τ_p
    /// L_video = φ(−s·(Δ(A) − Δ(B)); β_v)
    /// L_patch = Σ_p w_p·φ(−s_p·(Δ_p(A) − Δ_p(B)); β_p) / Σ_p w_p  over untied patches
    /// L       = λ·L_video + (1 − λ)·L_patch + η·E(policy, preferred clip)
    /// </code>
    /// A tied term contributes 0 and the other is not re-scaled; the batch divides by the number of pairs with any term.
    /// </summary>
    /// <remarks>The tensors returned belong to the caller's dispose scope.</remarks>
    /// <param name="policyA">E and E_p of clips A under the policy.</param>
    /// <param name="policyB">Those of clips B.</param>
    /// <param name="referenceA">Those of clips A under the reference.</param>
    /// <param name="referenceB">Those of clips B.</param>
    /// <param name="rewards">r and r_p of both.</param>
    /// <param name="options">The objective's settings.</param>
    /// <param name="pairsWithTerm">Where these pairs are a part of a batch: how many of all its pairs have a term (<see cref="HasTerm"/>), so that the losses of the parts add up to the batch's. Null: they are the batch.</param>
    public static GranDpoLoss Compute(
        PatchEnergies policyA, PatchEnergies policyB, PatchEnergies referenceA, PatchEnergies referenceB, PairRewards rewards, GranDpoOptions options, int? pairsWithTerm = null)
    {
        ArgumentNullException.ThrowIfNull(policyA);
        ArgumentNullException.ThrowIfNull(policyB);
        ArgumentNullException.ThrowIfNull(referenceA);
        ArgumentNullException.ThrowIfNull(referenceB);
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(options);
        Tensor videoDifference_B = Difference(rewards.VideoA_B, rewards.VideoB_B, policyA.Video_B);
        Tensor patchDifference_Bthw = Difference(rewards.PatchA_Bthw, rewards.PatchB_Bthw, policyA.Cells_Bthw);

        Tensor videoSign_B = Sign(videoDifference_B, options.TauVideo, policyA.Video_B);
        Tensor videoMargin_B = -videoSign_B * (policyA.Video_B - referenceA.Video_B - (policyB.Video_B - referenceB.Video_B));
        Tensor hasVideo_B = videoSign_B.abs();
        Tensor videoTerm_B = hasVideo_B * Phi(videoMargin_B, options.BetaVideo, options);

        Tensor patchSign_Bthw = Sign(patchDifference_Bthw, options.TauPatch, policyA.Cells_Bthw);
        Tensor patchMargin_Bthw = -patchSign_Bthw * (policyA.Cells_Bthw - referenceA.Cells_Bthw - (policyB.Cells_Bthw - referenceB.Cells_Bthw));
        Tensor patchWeight_Bthw = options.Weighting switch
        {
            PatchWeighting.Uniform => patchSign_Bthw.abs(),
            PatchWeighting.Margin => patchSign_Bthw.abs() * patchDifference_Bthw.abs().to(patchSign_Bthw.dtype),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Weighting, "Unknown weighting."),
        };
        Tensor weights_B = patchWeight_Bthw.sum([1, 2, 3]);
        Tensor hasPatch_B = weights_B.gt(0).to(weights_B.dtype);
        Tensor patchTerm_B = (patchWeight_Bthw * Phi(patchMargin_Bthw, options.BetaPatch, options)).sum([1, 2, 3]) / weights_B.where(weights_B.gt(0), ones_like(weights_B));

        // The preferred clip's energy: A's where s = 1, B's where s = −1, nothing where tied.
        Tensor preferred_B = (videoSign_B.clamp_min(0) * policyA.Video_B) - (videoSign_B.clamp_max(0) * policyB.Video_B);

        (double video, double patch) = options.Terms switch
        {
            PreferenceTerms.VideoAndPatch => (options.Lambda, 1 - options.Lambda),
            PreferenceTerms.VideoOnly => (1, 0),
            PreferenceTerms.PatchOnly => (0, 1),
            PreferenceTerms.None => (0.0, 0.0),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Terms, "Unknown terms."),
        };
        Tensor perPair_B = (video * videoTerm_B) + (patch * patchTerm_B) + (options.Eta * preferred_B);
        Tensor hasTerm_B = HasAny(hasVideo_B, hasPatch_B, options);
        Tensor count = pairsWithTerm is int ofAll ? full_like(hasTerm_B.sum(), ofAll) : hasTerm_B.sum();
        Tensor loss = perPair_B.sum() / count.clamp_min(1);
        return new GranDpoLoss(
            loss, perPair_B, hasTerm_B, videoTerm_B, patchTerm_B, videoMargin_B, videoSign_B, patchMargin_Bthw, patchSign_Bthw, patchWeight_Bthw);
    }

    /// <summary>Which pairs have any term, 1 or 0 each. It depends on rewards and settings alone.</summary>
    public static Tensor HasTerm(PairRewards rewards, GranDpoOptions options)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(options);
        Tensor video_B = Sign(rewards.VideoA_B - rewards.VideoB_B, options.TauVideo, rewards.VideoA_B).abs();
        Tensor patch_B = Sign(rewards.PatchA_Bthw - rewards.PatchB_Bthw, options.TauPatch, rewards.PatchA_Bthw).abs().amax([1, 2, 3]);
        return HasAny(video_B, patch_B, options);
    }

    private static Tensor HasAny(Tensor hasVideo_B, Tensor hasPatch_B, GranDpoOptions options)
    {
        bool countsVideo = options.Eta > 0 || options.Terms is PreferenceTerms.VideoAndPatch or PreferenceTerms.VideoOnly;
        bool countsPatch = options.Terms is PreferenceTerms.VideoAndPatch or PreferenceTerms.PatchOnly;
        return maximum(countsVideo ? hasVideo_B : zeros_like(hasVideo_B), countsPatch ? hasPatch_B : zeros_like(hasPatch_B));
    }

    /// <summary>In float64, so that what counts as tied does not depend on the energies' type.</summary>
    private static Tensor Difference(Tensor a, Tensor b, Tensor energies)
    {
        return a.shape.SequenceEqual(energies.shape)
            ? (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).to(energies.device)
            : throw new ArgumentException($"Rewards of shape [{string.Join(", ", a.shape)}] do not match energies of shape [{string.Join(", ", energies.shape)}].");
    }

    private static Tensor Sign(Tensor difference, double tau, Tensor like) =>
        (difference.sign() * difference.abs().gt(tau)).to(like.dtype);

    private static Tensor Phi(Tensor margin, double beta, GranDpoOptions options)
    {
        Tensor logits = beta * margin;
        return options.Form switch
        {
            // log σ has its own kernel, exact in both tails; torch's softplus turns linear above 20 and log(sigmoid(u)) overflows.
            PreferenceForm.Sigmoid when options.LabelSmoothing == 0 => -nn.functional.logsigmoid(logits),
            PreferenceForm.Sigmoid => -((1 - options.LabelSmoothing) * nn.functional.logsigmoid(logits)) - (options.LabelSmoothing * nn.functional.logsigmoid(-logits)),
            PreferenceForm.Hinge => nn.functional.relu(1 - logits),
            PreferenceForm.Ipo => (margin - (1 / (2 * beta))).square(),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Form, "Unknown form."),
        };
    }
}
