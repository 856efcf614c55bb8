using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Models.VideoCrafter2;
using static TorchSharp.torch;

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

    /// <summary>
    /// Fills the network from a file. Transformers that the file lacks keep their first values, at which they add nothing: attention joins a
    /// trained generator as VideoCrafter2's layers over time join a trained image model.
    /// </summary>
    /// <exception cref="InputException">The file is broken, or does not fit.</exception>
    public static void Fill(UNet3D network, string path)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Safetensors.Load(path, out _);
        foreach ((string name, nn.Module part) in network.named_modules())
        {
            if (part is SpatialTransformer or TemporalTransformer && !tensors.Keys.Any(key => key.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                foreach ((string key, Tensor own) in StateLoader.StateOf(part))
                {
                    tensors[$"{name}.{key}"] = own;
                }
            }
        }

        StateLoader.Load(network, tensors, path, convert: true);
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
