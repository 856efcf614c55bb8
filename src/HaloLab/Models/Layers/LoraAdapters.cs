using System.Globalization;
using HaloLab.Checkpoints;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// The adapters of a model: attached to chosen layers, drawn, switched, saved and loaded together. The model's own parameters are frozen.
/// Files hold <c>LAYER.lora_A.weight</c> and <c>LAYER.lora_B.weight</c> with rank and alpha as metadata; every layer has scale alpha / rank.
/// </summary>
public sealed class LoraAdapters
{
    private const string SuffixA = ".lora_A.weight";
    private const string SuffixB = ".lora_B.weight";

    private readonly (string Name, Lora Adapter)[] _adapters;

    private LoraAdapters((string Name, Lora Adapter)[] adapters, int rank, double alpha)
    {
        _adapters = adapters;
        Rank = rank;
        Alpha = alpha;
    }

    public int Rank { get; }

    public double Alpha { get; }

    /// <summary>Names of the adapted layers, in the model's order.</summary>
    public IReadOnlyList<string> Layers => [.. _adapters.Select(item => item.Name)];

    /// <summary>All trained parameters by their names in a file.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Parameters =>
        _adapters.SelectMany(item => new[] { (item.Name + SuffixA, item.Adapter.lora_A), (item.Name + SuffixB, item.Adapter.lora_B) });

    /// <summary>Attaches fresh adapters: A Kaiming-uniform with a = √5 (±1/√inputs) from a stream named after its layer, B zero, so nothing changes yet.</summary>
    /// <param name="model">Any module with <see cref="AdaptableLayer"/>s.</param>
    /// <param name="isAdapted">Says by its name in the model whether a layer gets one.</param>
    /// <param name="rank">At least 1.</param>
    /// <param name="alpha">Above 0; the scale is alpha / rank.</param>
    /// <param name="runSeed">Seed of the run.</param>
    /// <exception cref="InputException">No layer was chosen.</exception>
    public static LoraAdapters Attach(nn.Module model, Func<string, bool> isAdapted, int rank, double alpha, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(isAdapted);
        (string Name, AdaptableLayer Layer)[] all = [.. LayersOf(model)];
        (string Name, AdaptableLayer Layer)[] chosen = [.. all.Where(item => isAdapted(item.Name))];
        if (chosen.Length == 0)
        {
            throw new InputException($"No layer of {model.GetName()} was chosen for an adapter. Its layers are {string.Join(", ", all.Take(8).Select(item => item.Name))}{(all.Length > 8 ? ", …" : "")}.");
        }

        foreach (Parameter parameter in model.parameters())
        {
            parameter.requires_grad = false;
        }

        (string Name, Lora Adapter)[] adapters = [.. chosen.Select(item => (item.Name, item.Layer.Attach(rank, alpha / rank)))];
        foreach ((string name, Lora adapter) in adapters)
        {
            // An adapter outlives the dispose scope in which somebody happened to attach it.
            adapter.lora_A.DetachFromDisposeScope();
            adapter.lora_B.DetachFromDisposeScope();
            long inputs = adapter.lora_A.NumberOfElements / rank;
            Initialisation.Uniform(adapter.lora_A, 1 / Math.Sqrt(inputs), new RandomStream(runSeed, $"initialise {name}.lora_A"));
        }

        return new LoraAdapters(adapters, rank, alpha);
    }

    /// <summary>Attaches the adapters of a file.</summary>
    /// <exception cref="InputException">The file is not an adapter of this model.</exception>
    public static LoraAdapters Load(nn.Module model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        Dictionary<string, Tensor> tensors = Safetensors.Load(path, out Dictionary<string, string> metadata);
        try
        {
            if (!int.TryParse(metadata.GetValueOrDefault("rank"), NumberStyles.None, CultureInfo.InvariantCulture, out int rank) || rank < 1
                || !double.TryParse(metadata.GetValueOrDefault("alpha"), NumberStyles.Float, CultureInfo.InvariantCulture, out double alpha))
            {
                throw new InputException($"{path}: its metadata say no rank and alpha, so it is not an adapter that HaloLab wrote.");
            }

            Dictionary<string, AdaptableLayer> layers = LayersOf(model).ToDictionary(item => item.Name, item => item.Layer);
            Check(path, tensors, layers, rank);
            LoraAdapters adapters = Attach(model, name => tensors.ContainsKey(name + SuffixA), rank, alpha, runSeed: 0);
            using var noGradient = no_grad();
            foreach ((string name, Parameter parameter) in adapters.Parameters)
            {
                parameter.copy_(tensors[name]);
            }

            return adapters;
        }
        finally
        {
            foreach (Tensor tensor in tensors.Values)
            {
                tensor.Dispose();
            }
        }
    }

    /// <summary>Switches all adapters: off, the model is the reference, bit for bit.</summary>
    public void Enable(bool enabled)
    {
        foreach ((_, Lora adapter) in _adapters)
        {
            adapter.Enabled = enabled;
        }
    }

    /// <summary>Writes the adapters atomically.</summary>
    public void Save(string path) => Safetensors.Save(
        path,
        Parameters.ToDictionary(item => item.Name, item => (Tensor)item.Parameter),
        new Dictionary<string, string> { ["rank"] = Rank.ToString(CultureInfo.InvariantCulture), ["alpha"] = Alpha.ToString("R", CultureInfo.InvariantCulture) });

    /// <summary>Each layer once, under its first name: TorchSharp lists nested modules more than once.</summary>
    private static IEnumerable<(string Name, AdaptableLayer Layer)> LayersOf(nn.Module model) => model.named_modules()
        .Where(item => item.module is AdaptableLayer)
        .DistinctBy(item => item.module, ReferenceEqualityComparer.Instance)
        .Select(item => (item.name, (AdaptableLayer)item.module));

    private static void Check(string path, Dictionary<string, Tensor> tensors, Dictionary<string, AdaptableLayer> layers, int rank)
    {
        foreach ((string key, Tensor tensor) in tensors)
        {
            string suffix = key.EndsWith(SuffixA, StringComparison.Ordinal) ? SuffixA : SuffixB;
            string other = suffix == SuffixA ? SuffixB : SuffixA;
            if (!key.EndsWith(suffix, StringComparison.Ordinal) || !layers.TryGetValue(key[..^suffix.Length], out AdaptableLayer? layer))
            {
                throw new InputException($"{path}: '{key}' belongs to no layer of this model. Give the adapter of this model.");
            }

            if (!tensors.ContainsKey(key[..^suffix.Length] + other))
            {
                throw new InputException($"{path}: '{key}' has no '{other}' beside it.");
            }

            long[] weight = layer.weight.shape;
            long[] expected = suffix == SuffixA ? [rank, .. weight.Skip(1)] : [weight[0], rank, .. Enumerable.Repeat(1L, weight.Length - 2)];
            if (!tensor.shape.SequenceEqual(expected))
            {
                throw new InputException($"{path}: '{key}' is [{string.Join(", ", tensor.shape)}], expected [{string.Join(", ", expected)}] for rank {rank}.");
            }
        }
    }
}
