using System.Text.Json.Serialization;

namespace HaloLab.Rewards.VideoReward;

/// <summary>Mean and standard deviation of each dimension's raw reward on the publishers' data. The defaults are the published ones.</summary>
public sealed record VideoRewardNormalisation
{
    [JsonPropertyName("VQ_mean")]
    public double VisualQualityMean { get; init; } = 3.6757;

    [JsonPropertyName("VQ_std")]
    public double VisualQualityDeviation { get; init; } = 2.2476;

    [JsonPropertyName("MQ_mean")]
    public double MotionQualityMean { get; init; } = 1.1646;

    [JsonPropertyName("MQ_std")]
    public double MotionQualityDeviation { get; init; } = 1.3811;

    [JsonPropertyName("TA_mean")]
    public double TextAlignmentMean { get; init; } = 2.8105;

    [JsonPropertyName("TA_std")]
    public double TextAlignmentDeviation { get; init; } = 2.5121;

    /// <summary>(raw − mean) / standard deviation of the three, unclipped.</summary>
    /// <param name="raw">Visual quality, motion quality, text alignment.</param>
    public double[] Apply(IReadOnlyList<double> raw)
    {
        ArgumentNullException.ThrowIfNull(raw);
        return
        [
            (raw[0] - VisualQualityMean) / VisualQualityDeviation,
            (raw[1] - MotionQualityMean) / MotionQualityDeviation,
            (raw[2] - TextAlignmentMean) / TextAlignmentDeviation,
        ];
    }
}
