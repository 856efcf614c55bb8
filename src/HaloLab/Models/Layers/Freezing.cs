using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>Takes modules out of training.</summary>
internal static class Freezing
{
    /// <summary>No parameter of the module needs a gradient any more.</summary>
    public static void Freeze(this nn.Module module)
    {
        foreach (TorchSharp.Modules.Parameter parameter in module.parameters())
        {
            parameter.requires_grad = false;
        }
    }
}
