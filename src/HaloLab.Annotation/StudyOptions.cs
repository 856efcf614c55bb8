using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>What is to be annotated, and how.</summary>
public sealed record StudyOptions
{
    /// <summary>A folder of clips, a list of clips and prompts, or a label store.</summary>
    public required string Clips { get; init; }

    /// <summary>For a folder of clips: the file with their prompts; null for the folder's manifest.</summary>
    public string? Prompts { get; init; }

    /// <summary>For a list or a store: the folder that its names start from; null for its own.</summary>
    public string? Videos { get; init; }

    public required PatchGrid Grid { get; init; }

    /// <summary>Frames that one latent frame of the generator's VAE covers after the first (DESIGN D1). Default 1.</summary>
    public int TemporalStride { get; init; } = 1;

    /// <summary>Pixels along height and width that one latent element covers. Default 1.</summary>
    public int SpatialStride { get; init; } = 1;

    /// <summary>Whether every two clips of a prompt are compared instead of each being graded. Default no.</summary>
    public bool Compares { get; init; }

    /// <summary>Dimensions asked of every patch, of the questionnaire; null: <c>local defect</c>, or nothing where clips are compared.</summary>
    public IReadOnlyList<string>? PatchDimensions { get; init; }

    /// <summary>Dimensions asked of the whole video; null: the five of VideoScore, or <c>overall quality</c> where clips are compared.</summary>
    public IReadOnlyList<string>? VideoDimensions { get; init; }

    /// <summary>A questionnaire of the lab's; null for the one that comes with HaloLab.</summary>
    public string? Questionnaire { get; init; }

    /// <summary>A label store whose labels are known answers to its clips, by which annotators are trained first; null for none.</summary>
    public string? Training { get; init; }

    /// <summary>The folder that the training store's names of clips start from; null for its own.</summary>
    public string? TrainingVideos { get; init; }

    /// <summary>Share of items that every annotator gets a second time, 0 to 1. Default 0.</summary>
    public double RepeatShare { get; init; }

    /// <summary>Ids, each its own. Ids that begin with <c>simulated</c> are simulated annotators.</summary>
    public required IReadOnlyList<string> Annotators { get; init; }

    /// <summary>Seed of orders, sides and repeats.</summary>
    public long Seed { get; init; } = 1;
}
