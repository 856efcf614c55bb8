using System.Text.Json;
using HaloLab.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>A trained model as one safetensors file: its weights, and its sizes and scales as JSON in the file's metadata.</summary>
internal sealed class ModelFile : IDisposable
{
    private const string FormatKey = "format";

    private readonly string _path;
    private readonly Dictionary<string, string> _metadata;
    private readonly Dictionary<string, Tensor> _tensors;

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">Not a file of that format.</exception>
    public ModelFile(string path, string format)
    {
        _path = path;
        _tensors = Safetensors.Load(path, out _metadata);
        string found = _metadata.GetValueOrDefault(FormatKey, "none");
        if (found != format)
        {
            Dispose();
            throw new InputException($"{path}: expected a file of format '{format}', found '{found}' in its metadata. Give a model that HaloLab saved.");
        }
    }

    /// <summary>Writes the module's weights with the given values as metadata.</summary>
    public static void Write(string path, string format, nn.Module module, params (string Key, object? Value)[] values)
    {
        Dictionary<string, string> metadata = values.ToDictionary(pair => pair.Key, pair => JsonSerializer.Serialize(pair.Value));
        metadata[FormatKey] = format;
        Safetensors.Save(path, StateLoader.StateOf(module), metadata);
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }

    /// <summary>One value of the metadata.</summary>
    public T? Value<T>(string key)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(_metadata.GetValueOrDefault(key, ""));
        }
        catch (JsonException exception)
        {
            throw new InputException($"{_path}: '{key}' in its metadata cannot be read ({exception.Message}). Save the model again.", exception);
        }
    }

    /// <summary>Makes a module of the file's options and fills it, all or nothing, on <see cref="Compute.Device"/>.</summary>
    public TModule Fill<TOptions, TModule>(Func<TOptions, TModule> create)
        where TModule : nn.Module
    {
        TModule module = create(Value<TOptions>("options") ?? throw new InputException($"{_path}: its metadata hold no options. Save the model again."));
        try
        {
            StateLoader.Load(module, _tensors, _path);
        }
        catch
        {
            module.Dispose();
            throw;
        }

        return module.to(Compute.Device);
    }
}
