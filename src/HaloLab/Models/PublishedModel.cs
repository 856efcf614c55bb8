using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.UmT5;
using HaloLab.Models.Wan;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models;

/// <summary>What the weights of a published model must hold.</summary>
/// <param name="Build">Makes the module of a <c>config.json</c>; the second argument is what to call it in messages.</param>
public sealed record PublishedModel(Func<JsonElement, string, Module> Build)
{
    internal static readonly PublishedModel WanTransformer = new((json, source) => new WanTransformer(WanConfig.FromJson(json, source)));

    internal static readonly PublishedModel WanAutoencoder = new((json, source) => new WanAutoencoder(WanVaeConfig.FromJson(json, source)));

    internal static readonly PublishedModel UmT5 = new((json, source) => new UmT5Encoder(UmT5Config.FromJson(json, source))) { Unused = UmT5Encoder.UnusedKeys };

    internal static readonly PublishedModel T5 = UmT5 with { Build = (json, source) => new UmT5Encoder(UmT5Config.FromJson(json, source) with { ModelType = "t5" }) };

    internal static readonly PublishedModel CogVideoXTransformer = new((json, source) => new CogVideoXTransformer(CogVideoXConfig.FromJson(json, source)));

    internal static readonly PublishedModel CogVideoXAutoencoder = new((json, source) => new CogVideoXAutoencoder(CogVideoXVaeConfig.FromJson(json, source)));

    /// <summary>The module's name of a tensor in the file, null for one that the module does not have.</summary>
    internal Func<string, string?> KeyOf { get; init; } = name => name;

    /// <summary>Names in the module's form that may be there and are not needed.</summary>
    internal IReadOnlyCollection<string> Unused { get; init; } = [];

    /// <summary>Checks that a file has every tensor of the model with its shape and no other. No value is read and no weight allocated.</summary>
    /// <param name="file">The file.</param>
    /// <param name="configuration">The content of <c>config.json</c>.</param>
    /// <param name="source">What to call the configuration in messages.</param>
    /// <exception cref="InputException">The file does not fit, or the configuration describes a model that is not built.</exception>
    public void Check(IWeightFile file, JsonElement configuration, string source)
    {
        ArgumentNullException.ThrowIfNull(file);
        Device before = get_default_device();
        set_default_device(META);
        try
        {
            using Module module = Build(configuration, source);
            StateLoader.Check(module, file.Entries.ToDictionary(entry => KeyOf(entry.Key) ?? entry.Key, entry => entry.Value.Shape), $"{file.Source} with {source}", Unused);
        }
        finally
        {
            set_default_device(before);
        }
    }
}
