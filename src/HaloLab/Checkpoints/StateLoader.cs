using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Checkpoints;

/// <summary>Puts tensors read from a file into a module, all or nothing.</summary>
public static class StateLoader
{
    private const int NamesShown = 8;

    /// <summary>
    /// Copies the tensors into the module's own memory. Every parameter and buffer must be there with its shape, and nothing else may be there;
    /// what does not fit is collected over the whole file and reported together, before anything is copied.
    /// </summary>
    /// <param name="module">The module; its state's names are the expected keys.</param>
    /// <param name="tensors">Tensors by key. They stay the caller's.</param>
    /// <param name="source">What to call the source in a message: the file's path.</param>
    /// <param name="prefix">Only keys that start with it are looked at, without it: <c>model.diffusion_model.</c> of a whole checkpoint.</param>
    /// <param name="unused">Keys (after the prefix) that may be there and are not needed.</param>
    /// <param name="convert">Whether values of another floating-point type than the module's are converted; otherwise they are an error.</param>
    /// <exception cref="InputException">Keys are missing or unexpected, or shapes or types differ.</exception>
    public static void Load(
        Module module, IReadOnlyDictionary<string, Tensor> tensors, string source, string prefix = "", IReadOnlyCollection<string>? unused = null, bool convert = false)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(tensors);
        Dictionary<string, Tensor> state = StateOf(module);
        Require(module, state, tensors.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<long>)pair.Value.shape), source, prefix, unused, key =>
            tensors[prefix + key] is var given && given.dtype != state[key].dtype && !(convert && given.is_floating_point() && state[key].is_floating_point())
                ? $"{prefix}{key} is {given.dtype}, not {state[key].dtype}" : null);
        using var noGradient = no_grad();
        foreach ((string key, Tensor own) in state)
        {
            own.copy_(tensors[prefix + key]);
        }
    }

    /// <summary>
    /// The same straight from a file into the module's own memory; floating-point values are converted to the module's type, a piece of a tensor at a time.
    /// </summary>
    /// <param name="module">The module; its state's names are the expected keys.</param>
    /// <param name="file">The file.</param>
    /// <param name="unused">Keys that may be there and are not needed.</param>
    /// <param name="others">Keys of the module that somebody else fills; they may not be in the file.</param>
    /// <exception cref="InputException">Keys are missing or unexpected, or shapes or types differ.</exception>
    public static void Load(Module module, IWeightFile file, IReadOnlyCollection<string>? unused = null, IReadOnlyCollection<string>? others = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(file);
        Dictionary<string, Tensor> state = StateOf(module).Where(item => others?.Contains(item.Key) != true).ToDictionary();
        Require(module, state, file.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape), file.Source, prefix: "", unused, key =>
            file.Entries[key] is var entry && entry.Type != state[key].dtype && !(entry.IsFloat && state[key].is_floating_point())
                ? $"{key} is {entry.StoredType}, not {state[key].dtype}" : null);
        using var noGradient = no_grad();

        // For all of them before the first is filled: only what is asked for lies together on large pages.
        foreach (Tensor own in state.Values.Where(own => own.device_type == DeviceType.CPU && own.is_contiguous()))
        {
            TensorBytes.AskForLargePages(own);
        }

        file.ReadInto(state);
    }

    /// <summary>As <see cref="Load(Module, IReadOnlyDictionary{string, Tensor}, string, string, IReadOnlyCollection{string}?, bool)"/> checks, without values: every parameter and buffer must be there with its shape, and nothing else.</summary>
    /// <param name="module">The module; it may be on the meta device.</param>
    /// <param name="shapes">Shapes by key.</param>
    /// <param name="source">What to call the source in a message: the file's path.</param>
    /// <param name="unused">Keys that may be there and are not needed.</param>
    /// <exception cref="InputException">Keys are missing or unexpected, or shapes differ.</exception>
    public static void Check(Module module, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, string source, IReadOnlyCollection<string>? unused = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(shapes);
        Require(module, StateOf(module), shapes, source, prefix: "", unused, _ => null);
    }

    /// <summary>The module's parameters and buffers by key; the tensors are the module's own.</summary>
    public static Dictionary<string, Tensor> StateOf(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        Dictionary<string, Tensor> state = [];
        foreach ((string name, Tensor value) in module.named_parameters().Select(pair => (pair.name, (Tensor)pair.parameter)).Concat(module.named_buffers()))
        {
            state.Add(name, value);
        }

        return state;
    }

    private static void Require(
        Module module,
        Dictionary<string, Tensor> state,
        IReadOnlyDictionary<string, IReadOnlyList<long>> shapes,
        string source,
        string prefix,
        IReadOnlyCollection<string>? unused,
        Func<string, string?> otherMisfit)
    {
        List<string> missing = [];
        List<string> misfits = [];
        foreach ((string key, Tensor own) in state)
        {
            if (!shapes.TryGetValue(prefix + key, out IReadOnlyList<long>? shape))
            {
                missing.Add(prefix + key);
            }
            else if (!shape.SequenceEqual(own.shape))
            {
                misfits.Add($"{prefix}{key} is [{string.Join(", ", shape)}], not [{string.Join(", ", own.shape)}]");
            }
            else if (otherMisfit(key) is string misfit)
            {
                misfits.Add(misfit);
            }
        }

        string[] unexpected =
        [
            .. shapes.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && !state.ContainsKey(key[prefix.Length..])
                && unused?.Contains(key[prefix.Length..]) != true),
        ];
        if (missing.Count + misfits.Count + unexpected.Length > 0)
        {
            throw new InputException(
                $"{source}: does not fit the model {module.GetName()}.{Listed("missing", missing)}{Listed("unexpected", unexpected)}{Listed("misfitting", misfits)} "
                + "Check that the file belongs to this model and that the model's sizes are those of the file.");
        }
    }

    private static string Listed(string kind, IReadOnlyCollection<string> items) => items.Count switch
    {
        0 => "",
        <= NamesShown => $" {items.Count} {kind}: {string.Join("; ", items)}.",
        _ => $" {items.Count} {kind}: {string.Join("; ", items.Take(NamesShown))}; and {items.Count - NamesShown} more.",
    };
}
