using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>The objective's value and its parts; all but <see cref="Loss"/> are for measuring, though gradients flow through them too.</summary>
/// <param name="Loss">Scalar to minimise.</param>
/// <param name="PerPair_B">Each pair's loss, 0 where it has no term.</param>
/// <param name="HasTerm_B">1 where a pair has at least one term, else 0.</param>
/// <param name="VideoTerm_B">L_video (L_region where that takes its place), 0 where tied; given even if the loss leaves it out.</param>
/// <param name="PatchTerm_B">L_patch, 0 where every patch is tied; given even if the loss leaves it out.</param>
/// <param name="VideoMargin_B">z = −s·(Δ(A) − Δ(B)), of the region for L_region: above 0 where the policy prefers the better clip more than the reference does.</param>
/// <param name="VideoSign_B">s: 1 where A is better, −1 where B is, 0 where tied.</param>
/// <param name="PatchMargin_Bthw">z_p.</param>
/// <param name="PatchSign_Bthw">s_p.</param>
/// <param name="PatchWeight_Bthw">w_p, 0 where tied.</param>
public sealed record GranDpoLoss(
    Tensor Loss,
    Tensor PerPair_B,
    Tensor HasTerm_B,
    Tensor VideoTerm_B,
    Tensor PatchTerm_B,
    Tensor VideoMargin_B,
    Tensor VideoSign_B,
    Tensor PatchMargin_Bthw,
    Tensor PatchSign_Bthw,
    Tensor PatchWeight_Bthw);
