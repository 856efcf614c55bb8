using HaloLab.Checkpoints;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>The adapters of a model that belong together: attached to chosen layers, switched, merged and saved at once. The model's own parameters are frozen.</summary>
public sealed class LoraAdapters
{
    private readonly (string Name, AdaptableLayer Layer, Lora Adapter)[] _adapters;

    private LoraAdapters((string Name, AdaptableLayer Layer, Lora Adapter)[] adapters)
    {
        _adapters = adapters;

        // An adapter outlives the dispose scope in which somebody happened to attach it.
        foreach ((_, Parameter parameter) in Parameters)
        {
            parameter.DetachFromDisposeScope();
        }
    }

    /// <summary>Names of the adapted layers, in the model's order.</summary>
    public IReadOnlyList<string> Layers => [.. _adapters.Select(item => item.Name)];

    /// <summary>All trained parameters by their names in a file.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Parameters => _adapters.SelectMany(item => new (string, Parameter?)[]
    {
        (item.Name + LoraFile.SuffixA, item.Adapter.lora_A),
        (item.Name + LoraFile.SuffixB, item.Adapter.lora_B),
        (item.Name + LoraFile.SuffixMagnitude, item.Adapter.lora_magnitude_vector),
    }).Where(item => item.Item2 is not null).Select(item => (item.Item1, item.Item2!));

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

        model.Freeze();
        (string Name, AdaptableLayer Layer, Lora Adapter)[] adapters = [.. chosen.Select(item => (item.Name, item.Layer, item.Layer.Attach(rank, alpha / rank)))];
        foreach ((string name, _, Lora adapter) in adapters)
        {
            long inputs = adapter.lora_A.NumberOfElements / rank;
            Initialisation.Uniform(adapter.lora_A, 1 / Math.Sqrt(inputs), new RandomStream(runSeed, $"initialise {name}.lora_A"));
        }

        return new LoraAdapters(adapters);
    }

    /// <summary>Attaches the adapters of a file, beside any that the model carries already.</summary>
    /// <param name="model">Any module with <see cref="AdaptableLayer"/>s.</param>
    /// <param name="file">The adapters.</param>
    /// <param name="source">What to call the file in a message: its path.</param>
    /// <exception cref="InputException">A layer is not in the model, or has other sizes there.</exception>
    public static LoraAdapters Attach(nn.Module model, LoraFile file, string source)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(file);
        Dictionary<string, AdaptableLayer> layers = LayersOf(model).ToDictionary(item => item.Name, item => item.Layer);
        foreach ((string name, LoraLayer given) in file.Layers)
        {
            if (!layers.TryGetValue(name, out AdaptableLayer? layer))
            {
                throw new InputException($"{source}: adapts '{name}', which is no layer of {model.GetName()}. Give an adapter of this model.");
            }

            long[] weight = layer.weight.shape;
            if (!given.A.shape.Skip(1).SequenceEqual(weight.Skip(1)) || given.B.shape[0] != weight[0])
            {
                throw new InputException($"{source}: the adapter of '{name}' is [{string.Join(", ", given.A.shape)}] and [{string.Join(", ", given.B.shape)}], the layer's weight [{string.Join(", ", weight)}]. Give an adapter of this model.");
            }
        }

        model.Freeze();
        using var noGradient = no_grad();
        return new LoraAdapters([.. LayersOf(model).Where(item => file.Layers.ContainsKey(item.Name)).Select(item => (item.Name, item.Layer, Filled(item.Layer, file.Layers[item.Name])))]);
    }

    /// <summary>Names of the layers that can carry an adapter, depth first.</summary>
    public static IReadOnlyList<string> NamesOf(nn.Module model) => [.. LayersOf(model).Select(item => item.Name)];

    /// <summary>
    /// The layers that T2V-Turbo's list without names goes to, in its order: linear maps and convolutions over two and three axes, depth first. The
    /// published program leaves convolutions over one axis out.
    /// </summary>
    public static IReadOnlyList<string> PositionalNamesOf(nn.Module model) => [.. LayersOf(model).Where(item => item.Layer is not Conv1d).Select(item => item.Name)];

    /// <summary>Switches all adapters: off, the model is the reference, bit for bit.</summary>
    public void Enable(bool enabled)
    {
        foreach ((_, _, Lora adapter) in _adapters)
        {
            adapter.Enabled = enabled;
        }
    }

    /// <summary>Sets how strongly all of them count; 1 by default.</summary>
    public void SetStrength(double strength)
    {
        foreach ((_, _, Lora adapter) in _adapters)
        {
            adapter.Strength = strength;
        }
    }

    /// <summary>Puts all enabled adapters of the adapted layers into the layers' own weights.</summary>
    public void Merge()
    {
        foreach ((_, AdaptableLayer layer, _) in _adapters)
        {
            layer.Merge();
        }
    }

    /// <summary>Puts the enabled adapters of every layer of a model into the layers' own weights, whichever file or training they came from.</summary>
    internal static void MergeAll(nn.Module model)
    {
        foreach ((_, AdaptableLayer layer) in LayersOf(model).Where(item => item.Layer.Adapters.Count > 0))
        {
            layer.Merge();
        }
    }

    /// <summary>Undoes <see cref="Merge"/>, bit for bit.</summary>
    public void Unmerge()
    {
        foreach ((_, AdaptableLayer layer, _) in _adapters)
        {
            layer.Unmerge();
        }
    }

    /// <summary>The adapters in the form of a file. The tensors are the model's own: do not dispose it.</summary>
    public LoraFile ToFile() => new(_adapters.Select(item => KeyValuePair.Create(item.Name, item.Adapter.Layer)));

    private static Lora Filled(AdaptableLayer layer, LoraLayer given)
    {
        Lora adapter = layer.Attach(given.Rank, given.Scale, given.Magnitude is not null);
        adapter.lora_A.copy_(given.A);
        adapter.lora_B.copy_(given.B);
        adapter.lora_magnitude_vector?.copy_(given.Magnitude!.view(adapter.lora_magnitude_vector.shape));
        return adapter;
    }

    /// <summary>Each layer once, under its first name: TorchSharp may list a child more than once.</summary>
    private static IEnumerable<(string Name, AdaptableLayer Layer)> LayersOf(nn.Module model) =>
        DepthFirst(model, "").DistinctBy(item => item.Layer, ReferenceEqualityComparer.Instance);

    private static IEnumerable<(string Name, AdaptableLayer Layer)> DepthFirst(nn.Module model, string prefix) => model.named_children()
        .SelectMany(child => child.module is AdaptableLayer layer ? [(prefix + child.name, layer)] : DepthFirst(child.module, $"{prefix}{child.name}."));
}
