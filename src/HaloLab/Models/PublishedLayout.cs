using System.Text.RegularExpressions;
using HaloLab.Checkpoints;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;

namespace HaloLab.Models;

/// <summary>A form in which a model's weights are published, recognised by the names of its tensors.</summary>
/// <param name="Name">Model and form.</param>
/// <param name="ToOther">The name of a tensor in the model's other form; null where there is none.</param>
/// <param name="Model">The model that such weights are for; null where there is none to check them against.</param>
public sealed partial record PublishedLayout(string Name, Func<string, string?>? ToOther = null, PublishedModel? Model = null)
{
    private static readonly (string Name, KeyMap Map, DiffusersPart Model)[] Mapped =
    [
        ("Wan2.1 transformer", WanKeyMaps.Transformer, PublishedModel.WanTransformer),
        ("Wan2.1 autoencoder", WanKeyMaps.Autoencoder, PublishedModel.WanAutoencoder),
        ("umT5 encoder", WanKeyMaps.TextEncoder, PublishedModel.UmT5),
    ];

    private static readonly (string Name, Func<string, bool> IsOne, bool IsEvery, PublishedModel? Model)[] Others =
    [
        ("VideoCrafter2 checkpoint (UNet under model.diffusion_model)", name => name.Contains("model.diffusion_model.", StringComparison.Ordinal), false, PublishedModel.VideoCrafter2),
        ("T2V-Turbo's U-Net (over VideoCrafter2)", name => name == VideoCrafter2Folder.GuidanceKey, false, PublishedModel.VideoCrafter2UNet),
        ("CogVideoX transformer, diffusers layout", name => name == "patch_embed.text_proj.weight", false, PublishedModel.CogVideoXTransformer),
        ("CogVideoX autoencoder, diffusers layout", name => name.EndsWith(".norm1.conv_y.conv.weight", StringComparison.Ordinal), false, PublishedModel.CogVideoXAutoencoder),
        ("LoRA adapter, peft", name => name.StartsWith("base_model.model.", StringComparison.Ordinal) && name.Contains(".lora_", StringComparison.Ordinal), true, null),
        ("LoRA adapter, diffusers", name => name.Contains(".lora_", StringComparison.Ordinal), true, null),
        ("list without names (T2V-Turbo's LoRA form)", name => ListPlace().IsMatch(name), true, null),
    ];

    /// <summary>Says what a file is, or null for something unknown.</summary>
    /// <param name="names">Names of all its tensors.</param>
    public static PublishedLayout? Recognise(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
        {
            return null;
        }

        // T5's names are umT5's, but that its first layer alone has a table of position biases.
        if (names.Contains(TableOf(0)) && !names.Contains(TableOf(1)) && names.Any(name => name.StartsWith("encoder.block.1.", StringComparison.Ordinal)))
        {
            return new PublishedLayout("T5 v1.1 encoder, transformers layout", Model: PublishedModel.T5);
        }

        foreach ((string name, KeyMap map, DiffusersPart model) in Mapped)
        {
            if (names.All(key => map.ToDiffusers(key) is not null))
            {
                return new PublishedLayout($"{name}, original layout", map.ToDiffusers, model with { KeyOf = map.ToDiffusers });
            }

            if (names.All(key => map.ToOriginal(key) is not null))
            {
                return new PublishedLayout($"{name}, diffusers layout", map.ToOriginal, model);
            }
        }

        foreach ((string name, Func<string, bool> isOne, bool isEvery, PublishedModel? model) in Others)
        {
            if (isEvery ? names.All(isOne) : names.Any(isOne))
            {
                return new PublishedLayout(name, Model: model);
            }
        }

        return null;
    }

    private static string TableOf(int layer) => FormattableString.Invariant($"encoder.block.{layer}.layer.0.SelfAttention.relative_attention_bias.weight");

    [GeneratedRegex("^[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex ListPlace();
}
