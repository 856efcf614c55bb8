namespace HaloLab.Rewards;

/// <summary>
/// Sizes of a <see cref="RewardModel"/>. The defaults are those of the toy world: 289 thousand parameters for clips of 8 frames of 32×32.
/// </summary>
/// <param name="VocabularySize">Number of different tokens, at least 1.</param>
/// <param name="ContextLength">Tokens of every prompt, at least 1.</param>
public sealed record RewardModelOptions(int VocabularySize, int ContextLength)
{
    /// <summary>Channels after the first convolution, a multiple of 8.</summary>
    public int StemChannels { get; init; } = 32;

    /// <summary>Channels of the features, a multiple of 8.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Residual blocks on the feature lattice, at least 1.</summary>
    public int Blocks { get; init; } = 3;

    /// <summary>Frames per feature frame, 1 or 2. In space it is 4 pixels per feature.</summary>
    public int TemporalStride { get; init; } = 2;

    /// <summary>Channels of the prompt's encoding, a multiple of 4.</summary>
    public int PromptChannels { get; init; } = 32;

    /// <summary>Transformer layers over the prompt, at least 0.</summary>
    public int PromptLayers { get; init; } = 1;
}
