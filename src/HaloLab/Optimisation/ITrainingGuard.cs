using System.Text.Json.Nodes;

namespace HaloLab.Optimisation;

/// <summary>Judges a training by its metrics.</summary>
public interface ITrainingGuard
{
    /// <summary>Whether the steps up to the last one seen look sound: others are not kept as a checkpoint.</summary>
    bool IsSound { get; }

    /// <summary>Sees the metrics of every step in order, after a resumption those of the steps before it first.</summary>
    /// <exception cref="DivergenceException">Training no longer makes sense.</exception>
    void See(JsonObject line);
}
