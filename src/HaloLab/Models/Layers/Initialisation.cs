using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>
/// First values of a model that is trained from scratch. Each parameter has a stream of its own (purpose <c>initialise NAME</c>, NAME being
/// its key in the state), so adding a part to a model leaves the others' values as they were.
/// </summary>
/// <remarks>
/// Weights of linear layers and convolutions are uniform in ±√(3 / inputs of one output), so that outputs vary as much as inputs do (LeCun et al. 1998,
/// Efficient BackProp), or 0 where <see cref="AdaptableLayer.StartsAtZero"/>; biases are 0; normalisations get 1 and 0; modules that
/// implement <see cref="IInitialised"/> then overrule what is theirs. PyTorch's defaults (a third of that variance, and biases as large as what is
/// left of the signal) held the toy autoencoder for hundreds of steps at a picture without objects.
/// </remarks>
public static class Initialisation
{
    /// <summary>Draws every parameter of the module.</summary>
    /// <param name="module">Any module made of the layers of this folder, norms, and <see cref="IInitialised"/> modules.</param>
    /// <param name="runSeed">Seed of the run.</param>
    /// <exception cref="ArgumentException">A parameter has no rule; it is named.</exception>
    public static void Draw(Module module, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var noGradient = no_grad();
        HashSet<string> drawn = [];
        (string Name, Module Module)[] modules = [("", module), .. module.named_modules().Select(pair => (pair.name + ".", pair.module))];
        foreach ((string prefix, Module part) in modules)
        {
            switch (part)
            {
                case AdaptableLayer layer:
                    double bound = layer.StartsAtZero ? 0 : Math.Sqrt(3.0 * layer.weight.shape[0] / layer.weight.NumberOfElements);
                    Uniform(layer.weight, bound, StreamOf(prefix + "weight"));
                    drawn.Add(prefix + "weight");
                    if (layer.bias is not null)
                    {
                        layer.bias.zero_();
                        drawn.Add(prefix + "bias");
                    }

                    break;
                case TorchSharp.Modules.GroupNorm or TorchSharp.Modules.LayerNorm or LayerNorm32 or GroupNorm32 or RmsNorm:
                    foreach ((string name, Parameter parameter) in part.named_parameters(recurse: false))
                    {
                        parameter.fill_(name == "weight" ? 1 : 0);
                        drawn.Add(prefix + name);
                    }

                    break;
            }
        }

        foreach ((string prefix, Module part) in modules)
        {
            (part as IInitialised)?.Initialise(name =>
            {
                drawn.Add(prefix + name);
                return StreamOf(prefix + name);
            });
        }

        string[] left = [.. module.named_parameters().Select(pair => pair.name).Where(name => !drawn.Contains(name))];
        if (left.Length > 0)
        {
            throw new ArgumentException($"No rule for the first value of {string.Join(", ", left)}.", nameof(module));
        }

        RandomStream StreamOf(string name) => new(runSeed, "initialise " + name);
    }

    /// <summary>Fills the tensor with uniform numbers in ±<paramref name="bound"/>.</summary>
    public static void Uniform(Tensor tensor, double bound, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Fill(tensor, () => (float)(((2 * stream.NextDouble()) - 1) * bound));
    }

    /// <summary>Fills the tensor with normal numbers of mean 0.</summary>
    public static void Normal(Tensor tensor, double standardDeviation, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Fill(tensor, () => (float)(stream.NextGaussian() * standardDeviation));
    }

    private static void Fill(Tensor destination, Func<float> next)
    {
        ArgumentNullException.ThrowIfNull(destination);
        float[] values = new float[destination.NumberOfElements];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = next();
        }

        using var noGradient = no_grad();
        using Tensor drawn = tensor(values, destination.shape);
        destination.copy_(drawn);
    }
}
