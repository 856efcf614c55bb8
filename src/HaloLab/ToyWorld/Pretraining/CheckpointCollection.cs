using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Puts what ships into one folder, with a manifest of all stages that made it, and before them of those that made its start, if it had one.</summary>
internal sealed class CheckpointCollection(IReadOnlyList<Stage> made, Stage autoencoder, Stage threshold, Stage generator, Stage quality, Stage videoReward, Stage patchReward, Stage scorer)
{
    public const string ManifestFile = "manifest.json";

    public Stage Stage() => new(ToyPretraining.CheckpointStage, 1, [], made, 1, Collect);

    private void Collect(StageContext context)
    {
        (Stage Stage, string File)[] files =
        [
            (autoencoder, AutoencoderTraining.WeightsFile),
            (threshold, DefectThreshold.File),
            (generator, GeneratorTraining.DenoiserFile),
            (generator, LayoutPriorTraining.TextFile),
            (generator, LayoutPriorTraining.LayoutFile),
            (quality, GeneratorQuality.File),
            (videoReward, ToyRewardTraining.VideoRewardFile),
            (patchReward, ToyPatchRewardTraining.PatchRewardFile),
            (scorer, ToyScorerTraining.ScorerFile),
        ];
        foreach ((Stage stage, string file) in files)
        {
            File.Copy(context.Input(stage.Name, file), context.PathOf(file), overwrite: true);
        }

        StageManifest[] manifests = [.. made.Select(stage => JsonFile.Read<StageManifest>(context.Input(stage.Name, StageManifest.FileName)))];
        string earlier = context.Input(autoencoder.Name, ManifestFile);
        StageManifest[] all = [.. File.Exists(earlier) ? JsonFile.Read<StageManifest[]>(earlier) : [], .. manifests];
        JsonFile.Write(context.PathOf(ManifestFile), all.Select(manifest => manifest with { Seconds = Math.Round(manifest.Seconds) }).ToArray());
    }
}
