using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>How clean latents and noise become an example to learn from: the forward process and the parameterisation of the prediction.</summary>
public interface ITrainingTarget
{
    /// <summary>Kind and settings in one line: whatever changes an example changes it. Part of the keys of caches.</summary>
    string Description { get; }

    /// <summary>Draws the noise level of an example.</summary>
    double DrawLevel(RandomStream stream);

    /// <summary>Mixes latents and noise at the levels that <see cref="DrawLevel"/> drew.</summary>
    TrainingExample Example(Tensor clean_BCTHW, Tensor noise_BCTHW, Tensor level_B);
}
