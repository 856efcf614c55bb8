using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.UmT5;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using static TorchSharp.torch;

namespace HaloLab.Models;

/// <summary>What the weights of a published model must hold.</summary>
public abstract record PublishedModel
{
    internal static readonly DiffusersPart WanTransformer = new((json, source) => new WanTransformer(WanConfig.FromJson(json, source)));

    internal static readonly DiffusersPart WanAutoencoder = new((json, source) => new WanAutoencoder(WanVaeConfig.FromJson(json, source)));

    internal static readonly DiffusersPart UmT5 = new((json, source) => new UmT5Encoder(UmT5Config.FromJson(json, source))) { Unused = UmT5Encoder.UnusedKeys };

    internal static readonly DiffusersPart T5 = UmT5 with { Build = (json, source) => new UmT5Encoder(UmT5Config.FromJson(json, source) with { ModelType = "t5" }) };

    internal static readonly DiffusersPart CogVideoXTransformer = new((json, source) => new CogVideoXTransformer(CogVideoXConfig.FromJson(json, source)));

    internal static readonly DiffusersPart CogVideoXAutoencoder = new((json, source) => new CogVideoXAutoencoder(CogVideoXVaeConfig.FromJson(json, source)));

    internal static readonly VideoCrafter2Checkpoint VideoCrafter2 = new();

    internal static readonly VideoCrafter2UNet VideoCrafter2UNet = new();

    /// <summary>The file with the model's sizes that is published beside its weights.</summary>
    /// <param name="folder">The weights' folder.</param>
    /// <exception cref="InputException">There is not exactly one.</exception>
    public abstract string ConfigurationIn(string folder);

    /// <summary>Checks that a file has every tensor of the model with its shape and no other. No value is read and no weight allocated.</summary>
    /// <param name="file">The file.</param>
    /// <param name="configuration">The file with the model's sizes.</param>
    /// <exception cref="InputException">The file does not fit, or the configuration describes a model that is not built.</exception>
    public void Check(IWeightFile file, string configuration)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(configuration);
        Device before = get_default_device();
        set_default_device(META);
        try
        {
            Require(file, configuration);
        }
        finally
        {
            set_default_device(before);
        }
    }

    /// <summary><see cref="Check"/>, new tensors being on the meta device.</summary>
    private protected abstract void Require(IWeightFile file, string configuration);

    private protected static IReadOnlyDictionary<string, IReadOnlyList<long>> ShapesOf(IWeightFile file, Func<string, string> nameOf) =>
        file.Entries.ToDictionary(entry => nameOf(entry.Key), entry => entry.Value.Shape);
}
