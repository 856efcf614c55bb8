namespace HaloLab.Evaluation;

/// <summary>Sizes of a <see cref="LearnedScorer"/>. The defaults are those of the toy world: 0.14 M parameters, clips of 8 frames of 32×32.</summary>
/// <param name="VocabularySize">Number of different tokens, at least 1.</param>
/// <param name="ContextLength">Tokens of every prompt, at least 1.</param>
public sealed record LearnedScorerOptions(int VocabularySize, int ContextLength)
{
    /// <summary>Frames of every clip.</summary>
    public int Frames { get; init; } = 8;

    /// <summary>Height and width of every clip, a multiple of 8.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Channels of the frame encoder, a multiple of 8.</summary>
    public int FrameChannels { get; init; } = 32;

    /// <summary>Width of the tokens, a multiple of 4.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Transformer layers over frames and dimensions, at least 1.</summary>
    public int Layers { get; init; } = 2;
}
