using HaloLab.Statistics;

namespace HaloLab.Models.Layers;

/// <summary>A module with parameters of its own, or with other first values than the general rule's.</summary>
public interface IInitialised
{
    /// <summary>Sets first values; called without gradients, after the general rule.</summary>
    /// <param name="streamOf">Gives the stream of a parameter, by its key within this module; asking counts the parameter as set.</param>
    void Initialise(Func<string, RandomStream> streamOf);
}
