namespace HaloLab.Models.Qwen2Vl;

/// <summary>Sizes of Qwen2-VL's vision tower, as in <c>vision_config</c> of the published <c>config.json</c>.</summary>
public sealed record Qwen2VlVisionConfig
{
    /// <summary>Blocks.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Width of the tower.</summary>
    public int EmbedDim { get; init; } = 1280;

    /// <summary>Width of the decoder, which the tower's tokens are brought to.</summary>
    public int HiddenSize { get; init; } = 1536;

    /// <summary>Inner width of the feed-forward part in widths of the tower.</summary>
    public double MlpRatio { get; init; } = 4;

    public int NumHeads { get; init; } = 16;

    /// <summary>Channels of a pixel.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Patches that become one token, along each side.</summary>
    public int SpatialMergeSize { get; init; } = 2;

    /// <summary>Frames of a patch.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>Values of a patch.</summary>
    public int PatchValues => InChannels * TemporalPatchSize * PatchSize * PatchSize;
}
