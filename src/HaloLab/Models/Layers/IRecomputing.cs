namespace HaloLab.Models.Layers;

/// <summary>A network of blocks that can be run without keeping what is inside them (<see cref="Recomputation"/>).</summary>
public interface IRecomputing
{
    /// <summary>Whether a block's inside is computed again on the way back. Default no.</summary>
    bool Recomputes { get; set; }
}
