using HaloLab.Scaling;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>What one training step says about itself. A share or mean over nothing (no untied pair, no untied patch) is null, never 0.</summary>
/// <param name="Loss">The objective.</param>
/// <param name="VideoAccuracy">Implicit accuracy over untied pairs: the share with z &gt; 0, plus half the share with z = 0.</param>
/// <param name="PatchAccuracy">The same over all untied patches of the batch.</param>
/// <param name="VideoSaturated">Share of untied pairs whose gradient is below 1 % of its largest value: βz &gt; ln 99 (hinge: βz ≥ 1; IPO: never).</param>
/// <param name="PatchSaturated">The same over untied patches.</param>
/// <param name="UntiedPairs">Number of pairs with a video term.</param>
/// <param name="UntiedPatches">Number of patches with a term.</param>
/// <param name="Video">Mean energies of the better and the worse clip of untied pairs. If both rise above the reference's, training does harm whatever the accuracy says.</param>
/// <param name="Patch">Mean energies of the better and the worse cell of untied patches.</param>
public sealed record GranDpoMetrics(
    double Loss,
    double? VideoAccuracy,
    double? PatchAccuracy,
    double? VideoSaturated,
    double? PatchSaturated,
    long UntiedPairs,
    long UntiedPatches,
    SideErrors Video,
    SideErrors Patch)
{
    /// <summary>Measures a step with one transfer from the device.</summary>
    /// <param name="loss">The objective of this rank's pairs.</param>
    /// <param name="policyA">Energies of clips A under the policy.</param>
    /// <param name="policyB">Those of clips B.</param>
    /// <param name="referenceA">Energies of clips A under the reference.</param>
    /// <param name="referenceB">Those of clips B.</param>
    /// <param name="options">The objective's settings.</param>
    /// <param name="ranks">Ranks whose pairs make up the batch: all are measured together, and each is told the same. Null: this process alone.</param>
    public static GranDpoMetrics Measure(
        GranDpoLoss loss, PatchEnergies policyA, PatchEnergies policyB, PatchEnergies referenceA, PatchEnergies referenceB, GranDpoOptions options, Communicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(policyA);
        ArgumentNullException.ThrowIfNull(policyB);
        ArgumentNullException.ThrowIfNull(referenceA);
        ArgumentNullException.ThrowIfNull(referenceB);
        ArgumentNullException.ThrowIfNull(options);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor[] video = Sums(loss.VideoSign_B, loss.VideoMargin_B, options.BetaVideo, options.Form, policyA.Video_B, policyB.Video_B, referenceA.Video_B, referenceB.Video_B);
        Tensor[] patch = Sums(loss.PatchSign_Bthw, loss.PatchMargin_Bthw, options.BetaPatch, options.Form, policyA.Cells_Bthw, policyB.Cells_Bthw, referenceA.Cells_Bthw, referenceB.Cells_Bthw);
        Tensor sums = stack([loss.Loss.to(ScalarType.Float64), .. video, .. patch]).cpu();
        ranks?.Sum(sums);
        double[] values = sums.data<double>().ToArray();
        ReadOnlySpan<double> videoSums = values.AsSpan(1, video.Length);
        ReadOnlySpan<double> patchSums = values.AsSpan(1 + video.Length);
        return new GranDpoMetrics(
            values[0],
            Mean(videoSums[1], videoSums[0]),
            Mean(patchSums[1], patchSums[0]),
            Mean(videoSums[2], videoSums[0]),
            Mean(patchSums[2], patchSums[0]),
            (long)videoSums[0],
            (long)patchSums[0],
            Errors(videoSums),
            Errors(patchSums));
    }

    private static Tensor[] Sums(Tensor sign, Tensor margin, double beta, PreferenceForm form, Tensor policyA, Tensor policyB, Tensor referenceA, Tensor referenceB)
    {
        Tensor untied = sign.abs().to(ScalarType.Float64);
        Tensor aBetter = sign.gt(0);
        Tensor right = margin.gt(0).to(ScalarType.Float64) + (0.5 * margin.eq(0).to(ScalarType.Float64));
        Tensor saturated = form switch
        {
            PreferenceForm.Sigmoid => (beta * margin).gt(Math.Log(99)).to(ScalarType.Float64),
            PreferenceForm.Hinge => (beta * margin).ge(1).to(ScalarType.Float64),
            _ => zeros_like(untied),
        };
        return
        [
            untied.sum(),
            (untied * right).sum(),
            (untied * saturated).sum(),
            (untied * policyA.where(aBetter, policyB)).sum(),
            (untied * policyB.where(aBetter, policyA)).sum(),
            (untied * referenceA.where(aBetter, referenceB)).sum(),
            (untied * referenceB.where(aBetter, referenceA)).sum(),
        ];
    }

    private static double? Mean(double sum, double count) => count > 0 ? sum / count : null;

    private static SideErrors Errors(ReadOnlySpan<double> sums) =>
        new(Mean(sums[3], sums[0]), Mean(sums[4], sums[0]), Mean(sums[5], sums[0]), Mean(sums[6], sums[0]));
}
