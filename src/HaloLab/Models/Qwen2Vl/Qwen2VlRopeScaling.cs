namespace HaloLab.Models.Qwen2Vl;

/// <summary><c>rope_scaling</c> of the published <c>config.json</c>.</summary>
public sealed record Qwen2VlRopeScaling
{
    /// <summary>How many frequencies turn with time, height and width; together half a head.</summary>
    public IReadOnlyList<int> MropeSection { get; init; } = [16, 24, 24];
}
