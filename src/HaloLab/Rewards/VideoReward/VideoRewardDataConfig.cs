using HaloLab.Models.Qwen2Vl;

namespace HaloLab.Rewards.VideoReward;

/// <summary>How much of a video VideoReward is shown.</summary>
public sealed record VideoRewardDataConfig
{
    /// <summary>Frames per second of the video's time.</summary>
    public double? Fps { get; init; } = 2;

    /// <summary>Number of frames instead of a rate, or null.</summary>
    public int? NumFrames { get; init; }

    /// <summary>Largest area of a frame.</summary>
    public double MaxFramePixels { get; init; } = 448 * 448;

    /// <summary>The same as the rule that chooses and resizes frames.</summary>
    public Qwen2VlViewing Viewing => new(Fps ?? 0, NumFrames, MaxFramePixels);
}
