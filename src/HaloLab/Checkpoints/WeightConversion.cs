using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Writes a checkpoint anew as one safetensors file, tensor by tensor, so that the whole never lies in memory.</summary>
public static class WeightConversion
{
    /// <summary>Copies tensors, renamed and in another type.</summary>
    /// <param name="from">The checkpoint.</param>
    /// <param name="path">The new file.</param>
    /// <param name="rename">The new name of a tensor, or null to leave it out.</param>
    /// <param name="type">Type of floating-point tensors; null keeps each one's. Others keep theirs.</param>
    /// <param name="advanced">Told how many of the values are done.</param>
    /// <param name="cancellation">Stops between tensors; nothing is left behind.</param>
    /// <exception cref="InputException">Nothing is left, or two tensors get the same name.</exception>
    public static void Write(IWeightFile from, string path, Func<string, string?> rename, ScalarType? type, Action<double>? advanced, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rename);
        Write(from, path, rename, (_, tensor) => type is { } wanted && tensor.is_floating_point() ? tensor.to(wanted) : tensor.alias(), entry => type is { } wanted && entry.IsFloat ? wanted : entry.Type, advanced, cancellation);
    }

    /// <summary>Puts an adapter into the weights, computed in float32 and rounded once to each weight's own type.</summary>
    /// <param name="from">The model.</param>
    /// <param name="adapter">The adapter; its layers are the names of weights without <c>.weight</c>.</param>
    /// <param name="source">What to call the adapter in a message.</param>
    /// <param name="strength">Factor on the adapter.</param>
    /// <param name="path">The new file.</param>
    /// <param name="advanced">Told how many of the values are done.</param>
    /// <param name="cancellation">Stops between tensors; nothing is left behind.</param>
    /// <exception cref="InputException">The adapter is not one of this model.</exception>
    public static void MergeLora(IWeightFile from, LoraFile adapter, string source, double strength, string path, Action<double>? advanced, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(adapter);
        const string Suffix = ".weight";
        foreach ((string name, LoraLayer layer) in adapter.Layers)
        {
            if (!from.Entries.TryGetValue(name + Suffix, out WeightEntry? entry))
            {
                throw new InputException($"{source}: adapts '{name}', but {from.Source} has no '{name}{Suffix}'. Give the adapter of this model, in the same layout.");
            }

            if (!layer.A.shape.Skip(1).SequenceEqual(entry.Shape.Skip(1)) || layer.B.shape[0] != entry.Shape[0])
            {
                throw new InputException($"{source}: the adapter of '{name}' is [{string.Join(", ", layer.A.shape)}] and [{string.Join(", ", layer.B.shape)}], the weight [{string.Join(", ", entry.Shape)}].");
            }
        }

        Write(from, path, name => name, Merged, entry => entry.Type, advanced, cancellation);

        Tensor Merged(string name, Tensor tensor)
        {
            if (!name.EndsWith(Suffix, StringComparison.Ordinal) || !adapter.Layers.TryGetValue(name[..^Suffix.Length], out LoraLayer? layer))
            {
                return tensor.alias();
            }

            using var scope = NewDisposeScope();
            LoraLayer whole = new(layer.A.to(ScalarType.Float32), layer.B.to(ScalarType.Float32), layer.Scale * strength, layer.Magnitude?.to(ScalarType.Float32));
            return whole.Merged(tensor.to(ScalarType.Float32)).to(tensor.dtype).MoveToOuterDisposeScope();
        }
    }

    private static void Write(
        IWeightFile from, string path, Func<string, string?> rename, Func<string, Tensor, Tensor> change, Func<WeightEntry, ScalarType> typeOf, Action<double>? advanced, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(from);
        Dictionary<string, string> sources = [];
        foreach (string name in from.Entries.Keys)
        {
            if (rename(name) is { } other && !sources.TryAdd(other, name))
            {
                throw new InputException($"{from.Source}: '{sources[other]}' and '{name}' would both become '{other}'.");
            }
        }

        if (sources.Count == 0)
        {
            throw new InputException($"{from.Source}: none of its {from.Entries.Count} tensors is left to write.");
        }

        long total = sources.Values.Sum(name => from.Entries[name].Elements);
        long done = 0;
        Safetensors.Save(path, [.. sources.Select(item => (item.Key, typeOf(from.Entries[item.Value]), from.Entries[item.Value].Shape))], Make, new Dictionary<string, string> { ["format"] = "pt" });

        Tensor Make(string other)
        {
            cancellation.ThrowIfCancellationRequested();
            using Tensor read = from.Read(sources[other]);
            done += read.NumberOfElements;
            advanced?.Invoke(total == 0 ? 1 : (double)done / total);
            return change(sources[other], read);
        }
    }
}
