using System.Text.RegularExpressions;
using HaloLab.Checkpoints;
using HaloLab.Models.Wan;

namespace HaloLab.Models;

/// <summary>A form in which a model's weights are published, recognised by the names of its tensors.</summary>
/// <param name="Name">Model and form.</param>
/// <param name="ToOther">The name of a tensor in the model's other form; null where there is none.</param>
public sealed partial record PublishedLayout(string Name, Func<string, string?>? ToOther = null)
{
    private static readonly (string Model, KeyMap Map)[] Mapped =
    [
        ("Wan2.1 transformer", WanKeyMaps.Transformer),
        ("Wan2.1 autoencoder", WanKeyMaps.Autoencoder),
        ("umT5 encoder", WanKeyMaps.TextEncoder),
    ];

    private static readonly (string Name, Func<string, bool> IsOne, bool IsEvery)[] Others =
    [
        ("VideoCrafter2 checkpoint (UNet under model.diffusion_model)", name => name.Contains("model.diffusion_model.", StringComparison.Ordinal), false),
        ("LoRA adapter, peft", name => name.StartsWith("base_model.model.", StringComparison.Ordinal) && name.Contains(".lora_", StringComparison.Ordinal), true),
        ("LoRA adapter, diffusers", name => name.Contains(".lora_", StringComparison.Ordinal), true),
        ("list without names (T2V-Turbo's LoRA form)", name => ListPlace().IsMatch(name), true),
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

        foreach ((string model, KeyMap map) in Mapped)
        {
            if (names.All(name => map.ToDiffusers(name) is not null))
            {
                return new PublishedLayout($"{model}, original layout", map.ToDiffusers);
            }

            if (names.All(name => map.ToOriginal(name) is not null))
            {
                return new PublishedLayout($"{model}, diffusers layout", map.ToOriginal);
            }
        }

        foreach ((string name, Func<string, bool> isOne, bool isEvery) in Others)
        {
            if (isEvery ? names.All(isOne) : names.Any(isOne))
            {
                return new PublishedLayout(name);
            }
        }

        return null;
    }

    [GeneratedRegex("^[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex ListPlace();
}
