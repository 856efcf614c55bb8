namespace HaloLab.Models.VideoCrafter2;

/// <summary>Sizes of a <see cref="TextTower"/>; the defaults are the published model's (OpenCLIP ViT-H-14).</summary>
public sealed record TextTowerOptions
{
    /// <summary>Width of the tokens and of the condition.</summary>
    public int Width { get; init; } = 1024;

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>Number of token ids.</summary>
    public int VocabularySize { get; init; } = 49408;

    /// <summary>Longest prompt in tokens.</summary>
    public int ContextLength { get; init; } = 77;

    /// <summary>Blocks at the end that are left out: VideoCrafter2 takes the last but one block's output.</summary>
    public int SkippedLayers { get; init; } = 1;
}
