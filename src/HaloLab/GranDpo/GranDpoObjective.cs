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
    /// <see cref="PreferenceTerms.RegionOnly"/> has L_region in their place, n_p elements being in cell p:
    /// <code>
    /// R        = the untied patches;  s = 0 too where there is none
    /// Δ_R      = Σ_(p in R) n_p·Δ_p / Σ_(p in R) n_p
    /// L_region = φ(−s·(Δ_R(A) − Δ_R(B)); β_v)
    /// </code>
    /// </summary>
    /// <remarks>The tensors returned belong to the caller's dispose scope.</remarks>
    /// <param name="policyA">E and E_p of clips A under the policy.</param>
    /// <param name="policyB">Those of clips B.</param>
    /// <param name="referenceA">Those of clips A under the reference.</param>
    /// <param name="referenceB">Those of clips B.</param>
    /// <param name="rewards">r and r_p of both.</param>
    /// <param name="options">The objective's settings.</param>
    /// <param name="cells_thw">n_p, how many elements each cell has or any multiple of that (<see cref="HaloLab.Videos.CellSums.Counts"/>); asked for by <see cref="PreferenceTerms.RegionOnly"/> alone.</param>
    /// <param name="pairsWithTerm">Where these pairs are a part of a batch: how many of all its pairs have a term (<see cref="HasTerm"/>), so that the losses of the parts add up to the batch's. Null: they are the batch.</param>
    public static GranDpoLoss Compute(
        PatchEnergies policyA, PatchEnergies policyB, PatchEnergies referenceA, PatchEnergies referenceB, PairRewards rewards, GranDpoOptions options, Tensor? cells_thw = null, int? pairsWithTerm = null)
    {
        ArgumentNullException.ThrowIfNull(policyA);
        ArgumentNullException.ThrowIfNull(policyB);
        ArgumentNullException.ThrowIfNull(referenceA);
        ArgumentNullException.ThrowIfNull(referenceB);
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(options);
        Tensor videoDifference_B = Difference(rewards.VideoA_B, rewards.VideoB_B, policyA.Video_B);
        Tensor patchDifference_Bthw = Difference(rewards.PatchA_Bthw, rewards.PatchB_Bthw, policyA.Cells_Bthw);

        Tensor patchSign_Bthw = Sign(patchDifference_Bthw, options.TauPatch, policyA.Cells_Bthw);
        Tensor patchChange_Bthw = policyA.Cells_Bthw - referenceA.Cells_Bthw - (policyB.Cells_Bthw - referenceB.Cells_Bthw);
        Tensor patchMargin_Bthw = -patchSign_Bthw * patchChange_Bthw;

        Tensor videoSign_B = VideoSign(Sign(videoDifference_B, options.TauVideo, policyA.Video_B), patchSign_Bthw, options);
        Tensor videoChange_B = options.Terms == PreferenceTerms.RegionOnly
            ? WeightedMean(patchChange_Bthw, patchSign_Bthw.abs() * (cells_thw ?? throw new ArgumentNullException(nameof(cells_thw), "The mean over a region needs the sizes of its cells.")))
            : policyA.Video_B - referenceA.Video_B - (policyB.Video_B - referenceB.Video_B);
        Tensor videoMargin_B = -videoSign_B * videoChange_B;
        Tensor hasVideo_B = videoSign_B.abs();
        Tensor videoTerm_B = hasVideo_B * Phi(videoMargin_B, options.BetaVideo, options);

        Tensor patchWeight_Bthw = options.Weighting switch
        {
            PatchWeighting.Uniform => patchSign_Bthw.abs(),
            PatchWeighting.Margin => patchSign_Bthw.abs() * patchDifference_Bthw.abs().to(patchSign_Bthw.dtype),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Weighting, "Unknown weighting."),
        };
        Tensor hasPatch_B = HasUntied(patchSign_Bthw);
        Tensor patchTerm_B = WeightedMean(Phi(patchMargin_Bthw, options.BetaPatch, options), patchWeight_Bthw);

        // The preferred clip's energy: A's where s = 1, B's where s = −1, nothing where tied.
        Tensor preferred_B = (videoSign_B.clamp_min(0) * policyA.Video_B) - (videoSign_B.clamp_max(0) * policyB.Video_B);

        (double video, double patch) = options.Terms switch
        {
            PreferenceTerms.VideoAndPatch => (options.Lambda, 1 - options.Lambda),
            PreferenceTerms.VideoOnly or PreferenceTerms.RegionOnly => (1, 0),
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
        Tensor patchSign_Bthw = Sign(rewards.PatchA_Bthw - rewards.PatchB_Bthw, options.TauPatch, rewards.PatchA_Bthw);
        Tensor video_B = VideoSign(Sign(rewards.VideoA_B - rewards.VideoB_B, options.TauVideo, rewards.VideoA_B), patchSign_Bthw, options).abs();
        return HasAny(video_B, HasUntied(patchSign_Bthw), options);
    }

    private static Tensor HasUntied(Tensor patchSign_Bthw) => patchSign_Bthw.abs().amax([1, 2, 3]);

    /// <summary>s, which is 0 too where energies are those of a region and the pair has none.</summary>
    private static Tensor VideoSign(Tensor sign_B, Tensor patchSign_Bthw, GranDpoOptions options) => options.Terms == PreferenceTerms.RegionOnly ? sign_B * HasUntied(patchSign_Bthw) : sign_B;

    /// <summary>0 where nothing weighs.</summary>
    private static Tensor WeightedMean(Tensor values_Bthw, Tensor weights_Bthw)
    {
        Tensor total_B = weights_Bthw.sum([1, 2, 3]);
        return (weights_Bthw * values_Bthw).sum([1, 2, 3]) / total_B.where(total_B.gt(0), ones_like(total_B));
    }

    private static Tensor HasAny(Tensor hasVideo_B, Tensor hasPatch_B, GranDpoOptions options)
    {
        bool countsVideo = options.Eta > 0 || options.Terms is PreferenceTerms.VideoAndPatch or PreferenceTerms.VideoOnly or PreferenceTerms.RegionOnly;
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
