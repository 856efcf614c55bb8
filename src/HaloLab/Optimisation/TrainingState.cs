using System.Globalization;
using HaloLab.Checkpoints;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Everything that training needs to go on bit for bit: weights, optimiser, moving average, step, and how much of the metrics file was
/// written. Random numbers need no state: they are named by step (DESIGN D6).
/// </summary>
/// <param name="parameters">Trained parameters.</param>
/// <param name="optimiser">Its optimiser.</param>
/// <param name="average">Its moving average, or null.</param>
/// <param name="identity">Hash or text of what is trained on what with which settings; a checkpoint of another identity is refused.</param>
public sealed class TrainingState(FlatParameters parameters, AdamW optimiser, ExponentialMovingAverage? average, string identity)
{
    /// <summary>Writes the state atomically.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="metricsBytes">Length of the metrics file that belongs to this step.</param>
    public void Save(string path, long metricsBytes = 0)
    {
        Safetensors.Save(path, Tensors(), new Dictionary<string, string>
        {
            ["identity"] = identity,
            ["parameters"] = string.Join('\n', parameters.Names),
            ["steps"] = optimiser.Steps.ToString(CultureInfo.InvariantCulture),
            ["metrics_bytes"] = metricsBytes.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Restores the state where <paramref name="path"/> exists.</summary>
    /// <returns>The length of the metrics file that belongs to the state, or null when there is no file.</returns>
    /// <exception cref="InputException">The file belongs to other training or is broken.</exception>
    public long? Restore(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> loaded = Safetensors.Load(path, out Dictionary<string, string> metadata);
        if (metadata.GetValueOrDefault("identity") != identity || metadata.GetValueOrDefault("parameters") != string.Join('\n', parameters.Names))
        {
            throw new InputException($"{path}: is a checkpoint of other training ('{metadata.GetValueOrDefault("identity")}', expected '{identity}'). Give another folder, or delete it to start over.");
        }

        Dictionary<string, Tensor> own = Tensors();
        foreach ((string name, Tensor tensor) in own)
        {
            if (!loaded.TryGetValue(name, out Tensor? value) || !value.shape.SequenceEqual(tensor.shape))
            {
                throw new InputException($"{path}: '{name}' is missing or has another shape than [{string.Join(", ", tensor.shape)}]. Delete the file to start over.");
            }

            tensor.copy_(value);
        }

        optimiser.RestoreSteps(long.Parse(metadata["steps"], CultureInfo.InvariantCulture));
        parameters.WriteBack();
        return long.Parse(metadata["metrics_bytes"], CultureInfo.InvariantCulture);
    }

    private Dictionary<string, Tensor> Tensors()
    {
        Dictionary<string, Tensor> tensors = new(optimiser.State) { ["values"] = parameters.Values };
        if (average is not null)
        {
            tensors["average"] = average.Values;
        }

        return tensors;
    }
}
