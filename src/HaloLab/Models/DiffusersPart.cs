using System.Text.Json;
using HaloLab.Checkpoints;
using static TorchSharp.torch.nn;

namespace HaloLab.Models;

/// <summary>A part of a model whose sizes are in a <c>config.json</c>.</summary>
/// <param name="Build">Makes the module of its content; the second argument is what to call it in messages.</param>
public sealed record DiffusersPart(Func<JsonElement, string, Module> Build) : PublishedModel
{
    /// <summary>The module's name of a tensor in the file, null for one that the module does not have.</summary>
    internal Func<string, string?> KeyOf { get; init; } = name => name;

    /// <summary>Names in the module's form that may be there and are not needed.</summary>
    internal IReadOnlyCollection<string> Unused { get; init; } = [];

    /// <inheritdoc/>
    public override string ConfigurationIn(string folder) => Path.Combine(folder, "config.json");

    private protected override void Require(IWeightFile file, string configuration)
    {
        using Module module = Build(ConfigurationFile.Open(configuration), configuration);
        StateLoader.Check(module, ShapesOf(file, name => KeyOf(name) ?? name), $"{file.Source} with {configuration}", Unused);
    }
}
