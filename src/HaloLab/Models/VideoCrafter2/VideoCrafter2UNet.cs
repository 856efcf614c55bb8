using HaloLab.Checkpoints;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>The U-Net alone, as T2V-Turbo-v2 publishes it (<c>unet_mg.pt</c>); its sizes are in VideoCrafter2's YAML file.</summary>
public sealed record VideoCrafter2UNet : PublishedModel
{
    /// <inheritdoc/>
    public override string ConfigurationIn(string folder) => VideoCrafter2Folder.YamlIn(folder);

    private protected override void Require(IWeightFile file, string configuration)
    {
        using UNet3D network = new(VideoCrafter2Folder.WithEmbeddings(VideoCrafter2Config.Load(configuration).UNet, file, prefix: ""));
        StateLoader.Check(network, ShapesOf(file, name => name), $"{file.Source} with {configuration}");
    }
}
