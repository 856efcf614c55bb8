namespace HaloLab.Models.Clip;

/// <summary>Sizes of a <see cref="ClipModel"/>; the defaults are those of OpenAI's ViT-L/14, which the LAION aesthetic head reads.</summary>
public sealed record ClipOptions
{
    /// <summary>Width of the features that are compared.</summary>
    public int EmbeddingWidth { get; init; } = 768;

    /// <summary>Side of the pictures in pixels, a multiple of <see cref="PatchSize"/>.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Blocks of the vision tower.</summary>
    public int VisionLayers { get; init; } = 24;

    /// <summary>Width of the vision tower's tokens.</summary>
    public int VisionWidth { get; init; } = 1024;

    /// <summary>Attention heads of the vision tower.</summary>
    public int VisionHeads { get; init; } = 16;

    /// <summary>Blocks of the text tower.</summary>
    public int TextLayers { get; init; } = 12;

    /// <summary>Width of the text tower's tokens.</summary>
    public int TextWidth { get; init; } = 768;

    /// <summary>Attention heads of the text tower.</summary>
    public int TextHeads { get; init; } = 12;

    /// <summary>Number of token ids.</summary>
    public int VocabularySize { get; init; } = 49408;

    /// <summary>Tokens of a prompt.</summary>
    public int ContextLength { get; init; } = 77;

    /// <summary>The activation of OpenAI's weights; LAION's have exact GELU. The wrong one loads without error.</summary>
    public bool QuickGelu { get; init; } = true;
}
