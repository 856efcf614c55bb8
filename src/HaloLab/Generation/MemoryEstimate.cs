namespace HaloLab.Generation;

/// <summary>Rough bytes of what a model does one after the other: of each its weights and what it holds beside them.</summary>
/// <param name="Text">Encoding prompts.</param>
/// <param name="Denoiser">Sampling, a clip at a time.</param>
/// <param name="Autoencoder">Decoding or encoding a clip.</param>
public sealed record MemoryEstimate(long Text, long Denoiser, long Autoencoder)
{
    /// <summary>That of the part that needs most: they are not in memory together.</summary>
    public long Largest => Math.Max(Denoiser, Encoding);

    /// <summary>What encoding prompts and clips needs, whichever is more.</summary>
    public long Encoding => Math.Max(Text, Autoencoder);
}
