using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>The recipe of <c>halolab toy pretrain</c>: makes the checkpoints that ship in <c>data/toy</c>.</summary>
public static class ToyPretraining
{
    /// <summary>Share of the training clips that are damaged, so that the generator makes local defects of its own.</summary>
    public const double DamagedShare = 0.4;

    /// <summary>Share of the generator's captions with two objects: one is soon drawn as asked for, which of two is which takes long.</summary>
    public const double TwoObjectShare = 0.75;

    /// <summary>The stage whose folder holds all checkpoints.</summary>
    public const string CheckpointStage = "toy-checkpoints";

    /// <summary>All stages of the recipe; the last, <see cref="CheckpointStage"/>, collects what ships.</summary>
    /// <param name="seed">Seed of every random number.</param>
    /// <param name="settings">How long everything is trained.</param>
    /// <param name="start">Folder of a generator to train on from, with its autoencoder; null for everything from nothing.</param>
    /// <param name="judgesOnly">Whether the start's generator stays as it is, and only the judges are trained, on its samples.</param>
    /// <exception cref="InputException">A file of the start is missing, or there is no start whose generator could stay.</exception>
    public static IReadOnlyList<Stage> Stages(long seed, ToyPretrainingSettings settings, string? start = null, bool judgesOnly = false)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (judgesOnly && start is null)
        {
            throw new InputException("--judges-only needs a generator that stays as it is: give its folder with --from.");
        }

        Stage? given = start is null ? null : new GeneratorStart(start).Stage();
        Stage autoencoder = given ?? new AutoencoderTraining(seed, settings.AutoencoderSteps).Stage();
        Stage threshold = new DefectThreshold(seed, settings.CleanClips, autoencoder).Stage();
        Stage latents = new LatentEncoding(seed, settings.CorpusClips, autoencoder).Stage();
        Stage prior = given ?? new LayoutPriorTraining(seed, settings.LayoutPriorSteps, settings.CorpusClips, latents).Stage();
        Stage frames = given ?? new GeneratorTraining(seed, settings.FrameSteps, settings.FrameBatch, settings.CorpusClips, latents, prior, start: null).Stage();
        Stage generator = judgesOnly ? given! : new GeneratorTraining(seed, settings.GeneratorSteps, settings.GeneratorBatch, settings.CorpusClips, latents, prior, frames).Stage();
        Stage quality = new GeneratorQuality(seed, settings.QualityPrompts, autoencoder, threshold, generator).Stage();
        ToyLabelledClips forRewards = new("video-reward", settings.JudgedSamples, settings.JudgedRenders, seed, autoencoder, generator);
        ToyLabelledClips forScorer = new("scorer", settings.JudgedSamples, settings.JudgedRenders, seed, autoencoder, generator);
        Stage videoReward = new ToyRewardTraining(seed, settings.JudgeSteps, forRewards).Stage();
        Stage patchReward = new ToyPatchRewardTraining(seed, settings.JudgeSteps, forRewards, videoReward).Stage();
        Stage scorer = new ToyScorerTraining(seed, settings.JudgeSteps, forScorer).Stage();
        Stage[] ofGenerator = judgesOnly ? [generator] : [latents, prior, frames, generator];
        Stage[] trained = [.. new[] { autoencoder, threshold }.Concat(ofGenerator).Concat([quality, videoReward, patchReward, scorer]).Distinct()];
        return [.. trained, new CheckpointCollection(trained, autoencoder, threshold, generator, quality, videoReward, patchReward, scorer).Stage()];
    }

    /// <summary>The generator from the stages that trained its parts.</summary>
    internal static ToyGenerator Load(StageContext context, Stage autoencoder, Stage generator) =>
        ToyGenerator.Load(file => context.Input((file == AutoencoderTraining.WeightsFile ? autoencoder : generator).Name, file));
}
