namespace HaloLab.Annotation;

/// <summary>How the annotation page is served.</summary>
public sealed record AnnotationServerOptions
{
    /// <summary>The environment variable that may hold the secret that annotators' links are made of.</summary>
    public const string TokenVariable = "HALOLAB_ANNOTATION_TOKEN";

    /// <summary>Fewer characters are no secret.</summary>
    public const int ShortestToken = 16;

    /// <summary>The secret that every annotator's own token is made of, at least <see cref="ShortestToken"/> characters.</summary>
    public required string Token { get; init; }

    /// <summary>TCP port on the loopback address; 0 takes a free one. Answers that wait in a browser belong to a port. Default 8137.</summary>
    public int Port { get; init; } = 8137;
}
