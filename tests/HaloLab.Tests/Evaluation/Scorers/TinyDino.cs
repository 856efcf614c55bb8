using HaloLab.Checkpoints;
using HaloLab.Models.Dino;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation.Scorers;

/// <summary>A DINO of one block with weights of a sine, features 16 wide.</summary>
internal static class TinyDino
{
    /// <returns>The folder.</returns>
    public static string Write(string folder)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Directory.CreateDirectory(folder);
        DinoVision model = new(new DinoOptions { ImageSize = 16, PatchSize = 8, Width = 16, Layers = 1, Heads = 2 });
        foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
        {
            parameter.copy_(arange(parameter.NumberOfElements).sin().view(parameter.shape) * 0.3);
        }

        Safetensors.Save(Path.Combine(folder, "dino.safetensors"), StateLoader.StateOf(model));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"heads": 2}""");
        return folder;
    }
}
