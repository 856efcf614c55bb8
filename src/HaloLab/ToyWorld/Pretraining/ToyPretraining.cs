using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>The recipe of <c>halolab toy pretrain</c>: makes the checkpoints that ship in <c>data/toy</c>.</summary>
public static class ToyPretraining
{
    /// <summary>Share of the training clips that are damaged, so that the generator makes local defects of its own.</summary>
    public const double DamagedShare = 0.4;

    private const int AutoencoderSteps = 3000;
    private const int CorpusClips = 16_000;

    /// <summary>All stages of the recipe.</summary>
    /// <param name="seed">Seed of every random number.</param>
    public static IReadOnlyList<Stage> Stages(long seed)
    {
        Stage autoencoder = new AutoencoderTraining(seed, AutoencoderSteps).Stage();
        Stage latents = new LatentEncoding(seed, CorpusClips, autoencoder).Stage();
        return [autoencoder, latents];
    }
}
