using HaloLab.Checkpoints;
using static TorchSharp.torch;

namespace HaloLab.Evaluation.Scorers;

/// <summary>What another program made of a clip, in a safetensors file beside it: <c>NAME.WHAT.safetensors</c> beside <c>NAME.mp4</c>, with one tensor called WHAT.</summary>
internal static class GivenFile
{
    /// <param name="clip">The clip's file.</param>
    /// <param name="what">What the tensor is called.</param>
    /// <param name="expected">What it holds, for whoever has to make it.</param>
    /// <exception cref="InputException">There is no such file.</exception>
    public static string Of(string clip, string what, string expected)
    {
        string path = Path.ChangeExtension(clip, $".{what}.safetensors");
        return File.Exists(path) ? path : throw new InputException($"{path}: not found. Expected the tensor '{what}', {expected}.");
    }

    /// <exception cref="InputException">The file has no such tensor, or one of another type or shape.</exception>
    public static Tensor Read(string path, string what, ScalarType type, string expected, Func<long[], bool> fits)
    {
        Dictionary<string, Tensor> tensors = Safetensors.Load(path);
        if (!tensors.TryGetValue(what, out Tensor? tensor))
        {
            throw new InputException($"{path}: has no tensor '{what}'. Expected {expected}.");
        }

        return tensor.dtype == type && fits(tensor.shape)
            ? tensor
            : throw new InputException($"{path}: '{what}' is {tensor.dtype} of {string.Join('x', tensor.shape)}. Expected {expected}.");
    }
}
