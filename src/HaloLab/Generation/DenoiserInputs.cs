using HaloLab.Videos;

namespace HaloLab.Generation;

/// <summary>What a denoiser is shown of a clip.</summary>
/// <param name="Channels">Channels of the latents.</param>
/// <param name="Lattice">The latents.</param>
/// <param name="Multiple">Latent rows and columns are multiples of this.</param>
/// <param name="TextLength">Rows of the text condition.</param>
/// <param name="TextWidth">Its width.</param>
public sealed record DenoiserInputs(int Channels, LatentLattice Lattice, int Multiple, int TextLength, int TextWidth);
