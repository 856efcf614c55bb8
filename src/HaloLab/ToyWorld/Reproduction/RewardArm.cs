namespace HaloLab.ToyWorld.Reproduction;

/// <summary>How a patch reward model comes to be (claim C2, DESIGN D4).</summary>
public enum RewardArm
{
    /// <summary>The trained video reward model goes on with patch labels, its video loss kept on: what the paper proposes.</summary>
    Continued,

    /// <summary>Patch labels alone, from random weights.</summary>
    PatchOnly,

    /// <summary>Both losses on the same labels, from random weights.</summary>
    Joint,
}
