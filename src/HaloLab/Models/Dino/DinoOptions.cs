namespace HaloLab.Models.Dino;

/// <summary>Sizes of a <see cref="DinoVision"/>; the defaults are those of ViT-B/16, which VBench's subject consistency reads.</summary>
public sealed record DinoOptions
{
    /// <summary>Side of the pictures that its positions were trained for, a multiple of <see cref="PatchSize"/>.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Width of the tokens.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 12;
}
