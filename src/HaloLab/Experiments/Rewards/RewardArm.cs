namespace HaloLab.Experiments.Rewards;

/// <summary>Where a reward model starts and which losses train it (claim C2); all arms see the same labels for the same steps.</summary>
public enum RewardArm
{
    /// <summary>The trained video reward model goes on, on patch labels with its video loss kept (DESIGN D4).</summary>
    Continued,

    /// <summary>From random weights, on patch labels alone.</summary>
    PatchOnly,

    /// <summary>From random weights, on video and patch labels together.</summary>
    Joint,
}
