using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>A reward-model loss and its entries.</summary>
/// <param name="Loss">Scalar to minimise.</param>
/// <param name="PerEntry_N">Each entry's loss, 0 where masked.</param>
public sealed record RewardLoss(Tensor Loss, Tensor PerEntry_N);
