using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>A generator to train on from; stands in for the training of autoencoder and layout prior and for that of the denoiser on single frames, which it brings along.</summary>
/// <param name="folder">Checkpoints as <c>halolab toy pretrain</c> makes them.</param>
internal sealed class GeneratorStart(string folder)
{
    /// <exception cref="InputException">A file is missing.</exception>
    public Stage Stage()
    {
        JsonObject files = [];
        foreach (string file in ToyGenerator.Files)
        {
            files[file] = FileHash.Of(Path.Combine(folder, file), "a part of the toy generator");
        }

        return new Stage("toy-start", 1, new JsonObject { ["files"] = files }, [], 1, Copy);
    }

    private void Copy(StageContext context)
    {
        foreach (string file in ToyGenerator.Files)
        {
            File.Copy(Path.Combine(folder, file), context.PathOf(file), overwrite: true);
        }

        string manifest = Path.Combine(folder, CheckpointCollection.ManifestFile);
        if (File.Exists(manifest))
        {
            File.Copy(manifest, context.PathOf(CheckpointCollection.ManifestFile), overwrite: true);
        }
    }
}
