namespace HaloLab.Rewards.VideoReward;

/// <summary>Sizes of VideoReward's adapters.</summary>
public sealed record VideoRewardLoraConfig
{
    /// <summary>Rank.</summary>
    public int LoraR { get; init; } = 64;

    public double LoraAlpha { get; init; } = 128;
}
