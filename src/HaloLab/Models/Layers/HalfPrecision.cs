using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// Brings a published model into <see cref="Compute.Precision"/>: matrices, kernels and tables of tokens, which are nearly all of its weights. A layer casts its input to the type of its
/// weight, so sums of products are rounded to bfloat16 and everything between the layers has the type that comes out of them; norms, positions, time embeddings, heads of scores and adapters
/// that are trained stay float32.
/// </summary>
internal static class HalfPrecision
{
    /// <summary>The module, before its weights are read: memory that was never written takes no room, so the larger form is never held.</summary>
    /// <typeparam name="T">The module.</typeparam>
    public static T InComputePrecision<T>(this T module)
        where T : nn.Module => module.In(Compute.Precision);

    /// <summary>The same in a given precision.</summary>
    internal static T In<T>(this T module, ScalarType precision)
        where T : nn.Module
    {
        if (precision == ScalarType.Float32)
        {
            return module;
        }

        foreach (nn.Module part in module.modules().Prepend(module).Where(part => part is TokenEmbedding or AdaptableLayer { StaysFloat32: false }))
        {
            part.to(precision);
        }

        return module;
    }
}
