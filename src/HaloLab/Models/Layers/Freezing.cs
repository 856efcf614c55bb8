using HaloLab.Checkpoints;
using TorchSharp;
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

    /// <summary>
    /// The module frozen, in evaluation mode and on <see cref="Compute.Device"/>. Its tensors leave the dispose scope in which it was read: a part is read where
    /// it is first needed, perhaps within a scope that ends before the part does.
    /// </summary>
    /// <typeparam name="T">The module.</typeparam>
    public static T ReadyForUse<T>(this T module)
        where T : nn.Module
    {
        module.Freeze();
        module.eval();
        T moved = module.to(Compute.Device);
        foreach (Tensor tensor in StateLoader.StateOf(moved).Values)
        {
            tensor.DetachFromDisposeScope();
        }

        return moved;
    }
}
