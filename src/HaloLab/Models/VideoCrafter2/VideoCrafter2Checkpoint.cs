using HaloLab.Checkpoints;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>VideoCrafter2's checkpoint with its three networks, whose sizes are in the YAML file of its code.</summary>
public sealed record VideoCrafter2Checkpoint : PublishedModel
{
    /// <inheritdoc/>
    public override string ConfigurationIn(string folder) => VideoCrafter2Folder.YamlIn(folder);

    private protected override void Require(IWeightFile file, string configuration) => VideoCrafter2Folder.Check(file, configuration);
}
